namespace PtxEmulator;

enum FragmentState
{
    Ready,

    /// <summary>At an instruction of several lanes, until the others arrive.</summary>
    Waiting,

    /// <summary>At a barrier of the block.</summary>
    AtBarrier,

    /// <summary>Polled in vain: the others go first.</summary>
    Yielded,
}

/// <summary>Lanes of a warp that are at the same instruction.</summary>
struct Fragment
{
    public uint Mask;
    public int Pc;
    public FragmentState State;
}

/// <summary>How a warp goes on after a control instruction.</summary>
enum Flow
{
    /// <summary>With the same lanes, at the fragment's new place.</summary>
    Continue,

    /// <summary>The lanes have parted, ended or have to wait: with those that are chosen next.</summary>
    Select,
}

/// <summary>Why a warp's turn ended.</summary>
enum Turn
{
    Exited,
    Blocked,

    /// <summary>Every fragment polled in vain.</summary>
    Polled,

    /// <summary>It had its share.</summary>
    Interrupted,
}
