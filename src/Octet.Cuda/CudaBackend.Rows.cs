using Octet.Backends;
using Octet.Cuda.Driver;
using Octet.Cuda.Kernels;

namespace Octet.Cuda;

/// <summary>Operations on rows.</summary>
sealed unsafe partial class CudaBackend
{
    const int RowThreads = 256;

    // A thread of add_rms_norm, and of add_layer_norm, has 4 columns of every 4 * threads, so many times at most.
    const int NormSteps = 4;
    const int MostThreads = 1024;
    const int WarpThreads = 32;

    DeviceBlock? _indices;
    PinnedBlock? _indexBlock;

    internal override void Embed(Weight table, float factor, Batch batch, Activations output)
    {
        var weight = (CudaWeight)table;
        Check(output, batch.Count, weight.Columns);
        if (weight.Factors is not null)
        {
            throw new ModelException(ModelError.Unsupported, "the embedding has factors of inputs (pre_quant_scale), which only a layer that multiplies has");
        }

        foreach (int id in batch.Ids)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)id, (ulong)weight.Rows, nameof(batch));
        }

        WeightLayout layout = weight.Layout;
        var to = (CudaActivations)output;
        Made(to);
        if (weight.Format.IsTiled())
        {
            EmbedTiled(weight, factor, to);
            return;
        }

        var arguments = new LaunchArguments();
        arguments.Add(new Table
        {
            Data = weight.Data.Address,
            Scales = weight.Scales.Address,
            RowBytes = (ulong)weight.RowBytes,
            BlockRows = (int)layout.BlockRows,
            BlockColumns = layout.ScaleShift < 24 ? WeightLayout.Group << layout.ScaleShift : int.MaxValue,
            ScaleStride = layout.ScaleStride,
            Factor = factor,
        });
        arguments.Add(_step.Ids);
        arguments.Add(to.Address);
        arguments.Add(to.Stride);
        arguments.Add(weight.Columns);
        Launch(ref arguments, "embed", $"embed_{Suffix(weight.Format)}", _step.Rows, RowThreads);
    }

    internal override void AddRmsNorm(Activations residual, Activations? delta, Weight norm, float epsilon, Activations output, int rows)
    {
        Check(residual, rows, norm.Columns);
        Check(delta ?? residual, rows, norm.Columns);
        Check(output, rows, norm.Columns);
        int columns = norm.Columns;
        int threads = NormThreads(columns);
        rows = Padded(rows);
        var stream = (CudaActivations)residual;
        var added = (CudaActivations?)delta;
        var to = (CudaActivations)output;
        var arguments = new LaunchArguments();
        Made(stream);
        arguments.Add(stream.Address);
        arguments.Add(added?.Address ?? 0);
        arguments.Add(((CudaVector)norm).Address);
        arguments.Add(to.Address);
        arguments.Add(stream.Stride);
        arguments.Add(added?.Stride ?? 0);
        arguments.Add(to.Stride);
        arguments.Add(columns);
        arguments.Add(epsilon);
        arguments.Add(PrepareAhead(((CudaVector)norm).Outputs, to, rows));
        Launch(ref arguments, "norm", "add_rms_norm", rows, threads);
    }

    /// <summary>Threads of a norm's block, of which each holds the columns that it has.</summary>
    static int NormThreads(int columns)
    {
        int threads = Math.Min(MostThreads, Blocks(columns, 8 * WarpThreads) * WarpThreads);
        return columns <= threads * 4 * NormSteps ? threads : throw Unsupported($"a norm of {columns} columns, expected at most {MostThreads * 4 * NormSteps},");
    }

    internal override void Gather(Activations source, ReadOnlySpan<int> rows, Activations destination)
    {
        Check(source, 0, source.Columns);
        Check(destination, rows.Length, source.Columns);
        int capacity = Math.Max(source.Rows, destination.Rows);
        if (_indices is null || _indexBlock is null || _indices.Bytes < capacity * sizeof(int))
        {
            _indices?.Dispose();
            _indexBlock?.Dispose();
            (_indices, _indexBlock) = (null, null);
            _indices = _context.Allocate(capacity * sizeof(int));
            _indexBlock = _context.AllocatePinned(capacity * sizeof(int));
        }
        else
        {
            // The copy before may still read it.
            _stream.Synchronize();
        }

        rows.CopyTo(new Span<int>(_indexBlock.Pointer, rows.Length));
        _stream.CopyToDevice(_indices.Address, _indexBlock.Pointer, rows.Length * sizeof(int));
        var from = (CudaActivations)source;
        var to = (CudaActivations)destination;
        Made(to);
        var arguments = new LaunchArguments();
        arguments.Add(from.Address);
        arguments.Add(_indices.Address);
        arguments.Add(to.Address);
        arguments.Add(from.Stride);
        arguments.Add(to.Stride);
        arguments.Add(from.Columns);
        Launch(ref arguments, "rows", "gather", rows.Length, RowThreads);
    }

    internal override void Ungroup(Activations input, int groups, ReadOnlySpan<ColumnRange> parts, int rows)
    {
        var from = (CudaActivations)input;
        rows = Padded(rows);
        int group = input.Columns / groups;
        int first = 0;
        foreach (ColumnRange part in parts)
        {
            int piece = part.Count / groups;
            var to = (CudaActivations)part.Buffer;
            Made(to);
            var arguments = new LaunchArguments();
            arguments.Add(from.Address);
            arguments.Add(to.Address + ((ulong)part.First * sizeof(float)));
            arguments.Add(from.Stride);
            arguments.Add(to.Stride);
            arguments.Add(piece);
            arguments.Add(group);
            arguments.Add(first);
            arguments.Add(part.Count);
            Launch(ref arguments, "rows", "ungroup", new Dim3(Blocks(part.Count, RowThreads), rows), RowThreads);
            first += piece;
        }
    }

    internal override void GateOutput(Activations states, Activations gate, int rows) => GateOutput(states, gate, rows, step: 1);

    internal override void GateRows(Activations gate, Activations states, int rows)
    {
        Check(gate, rows, 1);
        GateOutput(states, gate, rows, step: 0);
    }

    void GateOutput(Activations states, Activations gate, int rows, int step)
    {
        rows = Padded(rows);
        var of = (CudaActivations)states;
        var by = (CudaActivations)gate;
        Made(of);
        var arguments = new LaunchArguments();
        arguments.Add(of.Address);
        arguments.Add(by.Address);
        arguments.Add(of.Stride);
        arguments.Add(by.Stride);
        arguments.Add(of.Columns);
        arguments.Add(step);
        Launch(ref arguments, "rows", "gate_output", new Dim3(Blocks(of.Columns, RowThreads), rows), RowThreads);
    }

    /// <summary>gate = the gating of both, a kernel of its own.</summary>
    void Gate(CudaActivations gate, CudaActivations up, Gating gating, int rows)
    {
        var arguments = new LaunchArguments();
        arguments.Add(gate.Address);
        arguments.Add(up.Address);
        arguments.Add(gate.Stride);
        arguments.Add(up.Stride);
        arguments.Add(gate.Columns);
        arguments.Add(Parameters(gating));
        Launch(ref arguments, "rows", "gate", new Dim3(Blocks(gate.Columns, RowThreads), rows), RowThreads);
    }

    static GatingParameters Parameters(Gating gating) => new() { Kind = (int)gating.Kind, Alpha = gating.Alpha, Limit = gating.Limit };

    static string Suffix(CudaFormat format) => format.Suffix();
}
