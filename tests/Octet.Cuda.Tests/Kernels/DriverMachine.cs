using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Octet.Cuda.Driver;
using PtxEmulator;
using CudaDim3 = Octet.Cuda.Driver.Dim3;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>A card, by its driver.</summary>
sealed unsafe class DriverMachine(CudaContext context) : IKernelMachine
{
    static readonly ConditionalWeakTable<CudaContext, Dictionary<string, CudaModule>> s_modules = [];

    readonly CudaStream _stream = context.CreateStream();
    readonly List<DeviceBlock> _blocks = [];

    public ulong Allocate(long bytes)
    {
        _blocks.Add(context.Allocate(bytes));
        return _blocks[^1].Address;
    }

    public void Write(ulong address, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* source = bytes)
        {
            _stream.CopyToDevice(address, source, bytes.Length);
            _stream.Synchronize();
        }
    }

    public void Read(ulong address, Span<byte> bytes)
    {
        fixed (byte* target = bytes)
        {
            _stream.CopyToHost(target, address, bytes.Length);
            _stream.Synchronize();
        }
    }

    public void MapRows(Span<byte> destination, ulong address, int elementBytes, int columns, int rows, int boxBytes, int boxRows)
    {
        var map = Octet.Cuda.Driver.TensorMap.OfRows(context, address, elementBytes, columns, rows, boxBytes, boxRows);
        MemoryMarshal.AsBytes(new ReadOnlySpan<Octet.Cuda.Driver.TensorMap>(in map)).CopyTo(destination);
    }

    public LaunchReport? Launch(string text, PtxKernel kernel, PtxEmulator.Dim3 grid, int threads, int sharedBytes, byte[] parameters)
    {
        Dictionary<string, CudaModule> modules = s_modules.GetOrCreateValue(context);
        if (!modules.TryGetValue(text, out CudaModule? module))
        {
            modules.Add(text, module = context.LoadModule(text));
        }

        CudaFunction function = module.GetFunction(kernel.Name);
        if (sharedBytes > function.AllowedSharedBytes)
        {
            function.AllowShared(sharedBytes);
        }

        void** pointers = stackalloc void*[Math.Max(1, kernel.Parameters.Count)];
        fixed (byte* first = parameters)
        {
            for (int i = 0; i < kernel.Parameters.Count; i++)
            {
                pointers[i] = first + kernel.Parameters[i].Offset;
            }

            function.Launch(_stream, new CudaDim3(grid.X, grid.Y, grid.Z), threads, sharedBytes, pointers);
        }

        _stream.Synchronize();
        return null;
    }
}
