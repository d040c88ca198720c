namespace PtxEmulator;

/// <summary>A <c>.global</c> or <c>.const</c> variable of a module. Every parsed module has addresses of its own for them.</summary>
/// <param name="Name">As in the PTX text.</param>
/// <param name="Address">The device address, the same in every <see cref="DeviceMemory"/> that the module is loaded into.</param>
/// <param name="Size">In bytes.</param>
public sealed record PtxVariable(string Name, ulong Address, long Size)
{
    /// <summary>The first bytes; zero beyond, as PTX says.</summary>
    internal byte[] Initial { get; init; } = [];

    internal bool IsConstant { get; init; }
}
