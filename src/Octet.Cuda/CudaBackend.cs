using System.Globalization;
using Octet.Backends;
using Octet.Cuda.CublasLt;
using Octet.Cuda.Driver;
using Octet.Cuda.Kernels;
using Octet.Cuda.Memory;
using Octet.Safetensors;

namespace Octet.Cuda;

/// <summary>
/// A card: weights, activations and pages in its memory, every operation a few kernels in one queue. Steps in which each sequence has a row are recorded as
/// graphs. What has no kernels says so (<see cref="ModelError.Unsupported"/>).
/// </summary>
sealed partial class CudaBackend : Backend
{
    readonly CudaContext _context;
    readonly ActivationMode _mode;
    readonly CudaBackendSizes _sizes;
    readonly KernelLibrary _kernels;
    readonly CudaStream _stream;
    readonly DeviceArena _arena;
    readonly CudaStep _step;
    readonly PreparedInput _input;
    readonly CublasLtProducts? _library;
    readonly CublasLtUse? _libraryUse;
    readonly PreparedInput _spread;
    Uploader? _uploader;

    /// <summary>Takes the card over.</summary>
    /// <param name="context">The card.</param>
    /// <param name="mode">How the inputs of FP8 layers are held.</param>
    /// <param name="sizes">What is allocated at a time; null: what suits a card.</param>
    /// <param name="library">NVIDIA's library, which multiplies the layers of prompts where it is there and right; null: nobody wants it.</param>
    /// <exception cref="ModelException">There are no kernels for it, or the driver is too old for them.</exception>
    internal CudaBackend(CudaContext context, ActivationMode mode, CudaBackendSizes? sizes = null, CublasLtProbe? library = null)
    {
        _context = context;
        _mode = mode;
        _sizes = sizes ?? new CudaBackendSizes();
        try
        {
            CudaDeviceInfo info = context.Info;
            KernelSet set = KernelSet.Choose(info.Major, info.Minor, info.CudaVersion, out string? refusal) ?? throw new ModelException(ModelError.Unsupported, $"{info.Name}: {refusal}");
            _kernels = new KernelLibrary(context, set);

            // A driver that compiles nothing (a container without that part of it) says so before weights are copied, and where another device may still be taken.
            _kernels.Get("rows", "gather", sharedBytes: 0);
            _stream = context.CreateStream();
            _arena = new DeviceArena(context, _sizes.ArenaBlock);
            _step = new CudaStep(context, _stream);
            _input = new PreparedInput(context, _stream);
            _library = CublasLtProducts.TryOpen(library ?? CublasLtProbe.NotAsked, context, _stream, out _libraryUse);
            _spread = new PreparedInput(context, _stream);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal override string Description => $"cuda:{_context.Info.Ordinal} {_context.Info.Name}, kernels for {_kernels.Set.Target}{(_libraryUse is null ? "" : $", {_libraryUse.Summary}")}{(_unrecorded is null ? "" : $", steps without graphs: {_unrecorded}")}";

    /// <summary>Products of NVIDIA's library that were put in the queue.</summary>
    internal long LibraryProducts => _library?.Count ?? 0;

    internal override MemoryLedger Memory => _context.Memory;

    internal override int BusyTokens => PromptTokens;

    /// <summary>Kernels that were put in the queue, those of graphs when they were recorded.</summary>
    internal long Launches { get; private set; }

    internal override void Expect(long bytes)
    {
        if (bytes > Memory.Room)
        {
            throw new ModelException(
                ModelError.Full,
                string.Create(CultureInfo.InvariantCulture, $"the model's weights have {Gib(bytes)} in their files, and {Memory.Owner} has {Gib(Memory.Room)} of {Gib(Memory.Capacity)} left for models: use a smaller model, one in fewer bits, or the CPU (--device cpu)"));
        }

        static string Gib(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.##} GiB");
    }

    internal override Activations CreateActivations(int rows, int columns) => new CudaActivations(_context, _stream, rows, columns);

    internal override Weight CreateLinear(LinearTensor tensor) => Loader().Load(tensor, _mode);

    internal override IEnumerable<Weight> CreateExperts(IReadOnlyList<LinearTensor> tensors) => Loader().LoadExperts(tensors, _mode);

    internal override Weight CreateLatent(LinearTensor tensor) => Loader().LoadRows(tensor);

    internal override Weight CreateEmbedding(LinearTensor tensor) => Loader().Load(tensor, ActivationMode.WeightOnly);

    internal override Weight CreateFloat8(LinearTensor tensor) => Loader().LoadFloat8(tensor);

    internal override Weight CreateVector(TensorView tensor, float offset) => CudaVector.Of(tensor, offset, _arena, Upload());

    internal override KvCache CreateKvCache(KvCacheLayout layout, int maxPages, bool withinRoom)
    {
        if (layout.ValueInKey is { } rank ? layout.Heads != 1 || !HasLatents(rank, layout.HeadDim - rank) : !HasHeads(layout.HeadDim))
        {
            throw Unsupported(layout.ValuesInKeys ? $"a cache of latents of {layout.ValueDim} elements in {layout.HeadDim}" : $"attention heads of {layout.HeadDim} dimensions, expected a multiple of 8 from 32 to {MostBroad},");
        }

        FinishUpload();
        return new CudaKvCache(_context, layout, maxPages, withinRoom);
    }

    /// <summary>What is said of an operation that there are no kernels for.</summary>
    internal static ModelException Unsupported(string what) => new(ModelError.Unsupported, $"{what} cannot be computed on cuda by this version: use the CPU (--device cpu)");

    public override void Dispose()
    {
        // What is under way copies from and to pinned memory, which the driver does not promise to wait for.
        _stream?.Settle();
        DropGraphs();
        _uploader?.Dispose();
        _indices?.Dispose();
        _indexBlock?.Dispose();
        _logitsBlock?.Dispose();
        _readback?.Dispose();
        _parts?.Dispose();
        _sums?.Dispose();
        _edges?.Dispose();
        foreach (ExpertTable table in _expertTables.Values)
        {
            table.Dispose();
        }

        // Where the card was not taken over there are only some of these.
        _library?.Dispose();
        _spread?.Dispose();
        _input?.Dispose();
        _step?.Dispose();
        _arena?.Dispose();
        _kernels?.Dispose();
        _stream?.Dispose();
        _context.Dispose();
    }

    Uploader Upload() => _uploader ??= new Uploader(_context, _sizes.UploadBuffer);

    // Cards before sm_89 widen E4M3 by moving bits, which makes 480 of NaN.
    WeightLoader Loader() => new(_arena, Upload(), refusesNaN: _kernels.Set.Capability < 89, scaleAlignment: _library is null ? 1 : MatmulShape.ScaleAlignment);

    /// <summary>Before the first step: all weights are there, and the memory that carried them is given back.</summary>
    internal void FinishUpload()
    {
        if (_uploader is not null)
        {
            _uploader.Finish();
            _uploader.Dispose();
            _uploader = null;
        }
    }

    /// <summary>Puts a kernel in the queue.</summary>
    internal void Launch(ref LaunchArguments arguments, string file, string kernel, Dim3 grid, int threads, int sharedBytes = 0)
    {
        arguments.Launch(_kernels.Get(file, kernel, sharedBytes), _stream, grid, threads, sharedBytes);
        Launches++;
    }

    static void Check(Activations buffer, int rows, int columns)
    {
        if (rows > buffer.Rows || columns != buffer.Columns)
        {
            throw new ArgumentException($"a buffer of [{buffer.Rows}, {buffer.Columns}] where [{rows}, {columns}] is needed");
        }
    }

    static int Blocks(int count, int each) => (count + each - 1) / each;
}

/// <summary>What a backend allocates at a time, in bytes.</summary>
/// <param name="ArenaBlock">For weights.</param>
/// <param name="UploadBuffer">Each of the two buffers of the host that they go through.</param>
/// <param name="Readback">What brings logits to the host.</param>
sealed record CudaBackendSizes(long ArenaBlock = 256L << 20, int UploadBuffer = 64 << 20, int Readback = 16 << 20);
