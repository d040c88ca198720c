using Octet.Cuda.Kernels;
using PtxEmulator;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>The emulator.</summary>
sealed class EmulatedMachine : IKernelMachine
{
    static readonly System.Collections.Concurrent.ConcurrentDictionary<string, HashSet<string>> s_overlapping = new();

    readonly DeviceMemory _memory = new();
    readonly PtxMachine _machine;

    internal EmulatedMachine(PtxMachineOptions options) => _machine = new PtxMachine(_memory, options);

    public ulong Allocate(long bytes) => _memory.Allocate(bytes);

    public void Write(ulong address, ReadOnlySpan<byte> bytes) => _memory.Write(address, bytes);

    public void Read(ulong address, Span<byte> bytes) => _memory.Read(address, bytes);

    public void MapRows(Span<byte> destination, ulong address, int elementBytes, int columns, int rows, int boxBytes, int boxRows) => new TensorMap
    {
        Address = address,
        ElementBytes = elementBytes,
        Dimensions = [(ulong)columns, (ulong)rows],
        Strides = [(ulong)columns * (ulong)elementBytes],
        Box = [boxBytes / elementBytes, boxRows],
        Swizzle = boxBytes == 128 ? TensorMapSwizzle.Bytes128 : TensorMapSwizzle.None,
    }.WriteTo(destination);

    public LaunchReport? Launch(string text, PtxKernel kernel, Dim3 grid, int threads, int sharedBytes, byte[] parameters)
        => _machine.Launch(kernel, grid, new Dim3(threads), sharedBytes, parameters, overlaps: Overlapping(text).Contains(kernel.Name));

    // As on a card: kernels that wait by themselves begin while those before them end.
    static HashSet<string> Overlapping(string text) => s_overlapping.GetOrAdd(text, _ => [.. KernelText.All(text).Where(kernel => kernel.Waits).Select(kernel => kernel.Name)]);
}
