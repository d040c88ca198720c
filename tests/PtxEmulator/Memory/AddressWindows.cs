namespace PtxEmulator;

/// <summary>
/// Where the state spaces lie among generic addresses. Within a window a generic address is the window plus the address
/// in the space, so that <c>cvta</c> is an addition.
/// </summary>
static class AddressWindows
{
    public const ulong Size = 0x100_0000_0000;
    public const ulong Parameters = 0x7b00_0000_0000;
    public const ulong Local = 0x7c00_0000_0000;
    public const ulong Shared = 0x7d00_0000_0000;

    /// <summary>Variables of modules.</summary>
    public const ulong Variables = 0x7e00_0000_0000;

    /// <summary>Allocations.</summary>
    public const ulong Global = 0x7f00_0000_0000;

    /// <summary>The first address of shared memory: below it lies what Hopper reserves for the system, and null.</summary>
    public const int SharedStart = 1024;

    public static StateSpace SpaceOf(ulong address) => (address / Size) switch
    {
        Parameters / Size => StateSpace.Parameter,
        Local / Size => StateSpace.Local,
        Shared / Size => StateSpace.Shared,
        _ => StateSpace.Global,
    };

    /// <summary>The window of a space, 0 for those that generic addresses name directly.</summary>
    public static ulong WindowOf(StateSpace space) => space switch
    {
        StateSpace.Parameter => Parameters,
        StateSpace.Local => Local,
        StateSpace.Shared => Shared,
        _ => 0,
    };
}
