using PtxEmulator;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>What single kernels are launched on.</summary>
interface IKernelMachine
{
    ulong Allocate(long bytes);

    void Write(ulong address, ReadOnlySpan<byte> bytes);

    void Read(ulong address, Span<byte> bytes);

    /// <summary>Runs a kernel to its end; what it did, where that is known.</summary>
    /// <param name="text">The module's text.</param>
    /// <param name="kernel">The same, parsed.</param>
    /// <param name="grid">Blocks.</param>
    /// <param name="threads">Of a block.</param>
    /// <param name="sharedBytes">Dynamic ones of a block.</param>
    /// <param name="parameters">Their bytes.</param>
    LaunchReport? Launch(string text, PtxKernel kernel, Dim3 grid, int threads, int sharedBytes, byte[] parameters);
}
