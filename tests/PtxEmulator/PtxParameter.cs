namespace PtxEmulator;

/// <summary>A parameter of a kernel and its place in the block of parameter bytes.</summary>
/// <param name="Name">As in the PTX text.</param>
/// <param name="Offset">In bytes from the start of the parameters.</param>
/// <param name="Size">In bytes.</param>
/// <param name="Align">In bytes, a power of two.</param>
public sealed record PtxParameter(string Name, int Offset, int Size, int Align);
