namespace PtxEmulator;

/// <summary>How a <see cref="PtxMachine"/> runs kernels. Every check is on unless it is switched off.</summary>
public sealed record PtxMachineOptions
{
    /// <summary>The most warp instructions that one warp may execute in a launch; a warp beyond it is taken to be in a loop without end.</summary>
    public long InstructionBudget { get; init; } = 50_000_000;

    /// <summary>The most host threads that run blocks of a launch side by side; results do not depend on it.</summary>
    public int HostThreads { get; init; } = 2;

    /// <summary>Whether two warps that reach the same shared bytes without a barrier between, one of them writing, are an error.</summary>
    public bool DetectRaces { get; init; } = true;

    /// <summary>Whether reading global or shared memory that was never written is an error.</summary>
    public bool DetectUninitialized { get; init; } = true;

    /// <summary>Whether sectors of global memory and wavefronts of shared memory are counted.</summary>
    public bool CountTraffic { get; init; } = true;

    /// <summary>
    /// Whether tensor cores add products of 8-bit floats as Hopper's do: aligned to the largest of a step's products and
    /// the accumulator, and cut to 13 bits behind the binary point of it. Without it they add in float32.
    /// </summary>
    public bool ShortFp8Accumulator { get; init; }

    /// <summary>The most shared memory that a block may have, in bytes (227 KB on Hopper).</summary>
    public int MaxSharedBytes { get; init; } = 227 * 1024;

    /// <summary>The number of multiprocessors that <c>%nsmid</c> tells.</summary>
    public int Multiprocessors { get; init; } = 4;
}
