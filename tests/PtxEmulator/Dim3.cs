namespace PtxEmulator;

/// <summary>The extent of a grid (in blocks) or of a block (in threads), or a place in one.</summary>
public readonly record struct Dim3(int X, int Y = 1, int Z = 1)
{
    /// <summary>The number of elements.</summary>
    public long Count => (long)X * Y * Z;

    /// <summary>The place with this index, x fastest.</summary>
    internal Dim3 At(long index) => new((int)(index % X), (int)(index / X % Y), (int)(index / X / Y));

    public override string ToString() => $"({X},{Y},{Z})";
}
