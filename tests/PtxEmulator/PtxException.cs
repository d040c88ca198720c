namespace PtxEmulator;

/// <summary>What a program did wrong.</summary>
public enum PtxError
{
    /// <summary>The text is not PTX that this parser reads.</summary>
    Syntax,

    /// <summary>An opcode, modifier or form that the emulator does not know.</summary>
    UnknownInstruction,

    /// <summary>An instruction that the module's <c>.version</c> or <c>.target</c> does not have.</summary>
    NotInTarget,

    /// <summary>A launch whose shape, shared memory or parameters the kernel does not allow.</summary>
    Launch,

    /// <summary>An address outside of every allocation, of shared memory, of local memory or of the parameters.</summary>
    OutOfBounds,

    /// <summary>An address that is no multiple of the size of the access.</summary>
    Misaligned,

    /// <summary>Memory or a register was read before anything was written to it.</summary>
    Uninitialized,

    /// <summary>Two warps reach the same shared bytes, one of them writing, with no barrier between.</summary>
    Race,

    /// <summary>An instruction of all lanes was reached by some of them only.</summary>
    Divergence,

    /// <summary>Every warp of a block waits and none can go on.</summary>
    Deadlock,

    /// <summary>A warp executed more instructions than the budget allows.</summary>
    Budget,

    /// <summary>A rule of an instruction was broken (a barrier's count, a descriptor, a missing fence).</summary>
    Misuse,

    /// <summary>A kernel that was launched beside those before it read what they may write, or wrote itself, before it waited for them; or it never waited.</summary>
    Overlap,

    /// <summary>The program executed <c>trap</c>.</summary>
    Trap,
}

/// <summary>A PTX program that cannot be read, or that did at run time what hardware leaves undefined.</summary>
public sealed class PtxException : Exception
{
    internal PtxException(PtxError error, int line, string what)
        : base($"ptx line {line}: {what}")
    {
        Error = error;
        Line = line;
        What = what;
    }

    internal PtxException(PtxError error, int line, string kernel, Dim3 block, Dim3? thread, string what)
        : base($"{kernel}, block {block}{(thread is { } t ? $", thread {t}" : "")}, ptx line {line}: {what}")
    {
        Error = error;
        Line = line;
        Kernel = kernel;
        Block = block;
        Thread = thread;
        What = what;
    }

    public PtxError Error { get; }

    /// <summary>The line of the PTX text, from 1; 0 where none is at fault.</summary>
    public int Line { get; }

    /// <summary>What happened, without the place.</summary>
    public string What { get; }

    /// <summary>The kernel that ran; null while parsing.</summary>
    public string? Kernel { get; }

    public Dim3? Block { get; }

    /// <summary>The first thread at fault; null where the fault is a whole block's.</summary>
    public Dim3? Thread { get; }
}
