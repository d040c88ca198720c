using PtxEmulator;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>What single kernels are launched on.</summary>
interface IKernelMachine
{
    ulong Allocate(long bytes);

    void Write(ulong address, ReadOnlySpan<byte> bytes);

    void Read(ulong address, Span<byte> bytes);

    /// <summary>What the tensor memory accelerator is told of rows one behind the other, and of the boxes that it copies of them.</summary>
    /// <param name="destination">Receives it.</param>
    /// <param name="address">Of the first row.</param>
    /// <param name="elementBytes">1 or 2.</param>
    /// <param name="columns">Elements of a row.</param>
    /// <param name="rows">How many there are.</param>
    /// <param name="boxBytes">Of a box's rows: 128, which are swizzled, or fewer.</param>
    /// <param name="boxRows">Rows of a box.</param>
    void MapRows(Span<byte> destination, ulong address, int elementBytes, int columns, int rows, int boxBytes, int boxRows);

    /// <summary>Runs a kernel to its end; what it did, where that is known.</summary>
    /// <param name="text">The module's text.</param>
    /// <param name="kernel">The same, parsed.</param>
    /// <param name="grid">Blocks.</param>
    /// <param name="threads">Of a block.</param>
    /// <param name="sharedBytes">Dynamic ones of a block.</param>
    /// <param name="parameters">Their bytes.</param>
    LaunchReport? Launch(string text, PtxKernel kernel, Dim3 grid, int threads, int sharedBytes, byte[] parameters);
}
