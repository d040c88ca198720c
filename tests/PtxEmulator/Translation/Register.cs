namespace PtxEmulator;

/// <summary>A register of a function: its place in the frame of every warp.</summary>
sealed record Register(string Name, PtxType Type, int Offset, int Index)
{
    public bool IsPredicate => Type == PtxType.Pred;

    public int Bytes => IsPredicate ? 4 : Type.IsWide() ? 8 * Lanes.Count : 4 * Lanes.Count;
}
