namespace Octet.Tokenizers.Models;

/// <summary>
/// Remembers the ids of short pieces, for words come back. A fixed number of slots, one entry each, the newer replaces the
/// older: bounded, and safe without a lock because an entry never changes and is published by one reference write.
/// </summary>
sealed class PieceCache
{
    internal const int LongestPiece = 48;

    const int SlotBits = 14;

    readonly Entry?[] _slots = new Entry?[1 << SlotBits];

    internal bool TryGet(ReadOnlySpan<byte> piece, ulong hash, out ReadOnlySpan<int> ids)
    {
        Entry? entry = Volatile.Read(ref _slots[hash >> (64 - SlotBits)]);
        if (entry is not null && piece.SequenceEqual(entry.Piece))
        {
            ids = entry.Ids;
            return true;
        }

        ids = default;
        return false;
    }

    internal void Put(ReadOnlySpan<byte> piece, ulong hash, ReadOnlySpan<int> ids) =>
        Volatile.Write(ref _slots[hash >> (64 - SlotBits)], new Entry(piece.ToArray(), ids.ToArray()));

    sealed class Entry(byte[] piece, int[] ids)
    {
        internal byte[] Piece { get; } = piece;

        internal int[] Ids { get; } = ids;
    }
}
