using System.Buffers;

namespace Octet.Tokenizers;

/// <summary>
/// Byte pair encoding of one piece: start from its bytes, always merge the pair of the lowest rank, the leftmost of equals,
/// until no neighbouring pair is in the table.
/// </summary>
sealed class BytePairEncoder(Vocabulary vocabulary, MergeTable merges, bool ignoreMerges)
{
    // Up to here a scan over all pairs beats a heap.
    const int ShortPiece = 64;

    readonly int[] _byteIds = ByteIds(vocabulary);
    readonly PieceCache _cache = new();

    /// <summary>Appends the ids of a piece of UTF-8 text.</summary>
    internal void Encode(ReadOnlySpan<byte> piece, List<int> ids)
    {
        if (piece.Length == 1)
        {
            ids.Add(_byteIds[piece[0]]);
            return;
        }

        if (piece.Length > ShortPiece)
        {
            if (!TryWhole(piece, ids))
            {
                EncodeLong(piece, ids);
            }

            return;
        }

        bool cached = piece.Length <= PieceCache.LongestPiece;
        ulong hash = cached ? ByteHash.Compute(piece) : 0;
        if (cached && _cache.TryGet(piece, hash, out ReadOnlySpan<int> known))
        {
            ids.AddRange(known);
            return;
        }

        Span<int> symbols = stackalloc int[ShortPiece];
        int count = EncodeShort(piece, symbols);
        ids.AddRange(symbols[..count]);
        if (cached)
        {
            _cache.Put(piece, hash, symbols[..count]);
        }
    }

    bool TryWhole(ReadOnlySpan<byte> piece, List<int> ids)
    {
        int whole = ignoreMerges ? vocabulary.FindBytes(piece) : -1;
        if (whole >= 0)
        {
            ids.Add(whole);
        }

        return whole >= 0;
    }

    /// <summary>Fills <paramref name="symbols"/> and returns how many there are.</summary>
    int EncodeShort(ReadOnlySpan<byte> piece, Span<int> symbols)
    {
        if (ignoreMerges && vocabulary.FindBytes(piece) is int whole and >= 0)
        {
            symbols[0] = whole;
            return 1;
        }

        // pairs[i] is the merge of symbols i and i + 1.
        Span<ulong> pairs = stackalloc ulong[ShortPiece];
        int count = piece.Length;
        for (int i = 0; i < count; i++)
        {
            symbols[i] = _byteIds[piece[i]];
        }

        for (int i = 0; i + 1 < count; i++)
        {
            pairs[i] = merges.Find(symbols[i], symbols[i + 1]);
        }

        while (true)
        {
            int best = 0;
            ulong lowest = MergeTable.None;
            for (int i = 0; i + 1 < count; i++)
            {
                if (pairs[i] < lowest)
                {
                    lowest = pairs[i];
                    best = i;
                }
            }

            if (lowest == MergeTable.None)
            {
                return count;
            }

            symbols[(best + 2)..count].CopyTo(symbols[(best + 1)..]);
            pairs[Math.Min(best + 2, count)..count].CopyTo(pairs[(best + 1)..]);
            count--;
            symbols[best] = (int)(uint)lowest;
            if (best > 0)
            {
                pairs[best - 1] = merges.Find(symbols[best - 1], symbols[best]);
            }

            if (best + 1 < count)
            {
                pairs[best] = merges.Find(symbols[best], symbols[best + 1]);
            }
        }
    }

    /// <summary>The same result in O(n log n): a linked list of symbols and a heap of (rank, position).</summary>
    void EncodeLong(ReadOnlySpan<byte> piece, List<int> ids)
    {
        const int Gone = -1;
        int length = piece.Length;
        int[] symbols = ArrayPool<int>.Shared.Rent(length);
        int[] previous = ArrayPool<int>.Shared.Rent(length);
        int[] next = ArrayPool<int>.Shared.Rent(length);
        RankHeap heap = new(length);
        for (int i = 0; i < length; i++)
        {
            symbols[i] = _byteIds[piece[i]];
            previous[i] = i - 1;
            next[i] = i + 1;
        }

        for (int i = 0; i + 1 < length; i++)
        {
            Push(i, i + 1);
        }

        while (heap.TryPop(out uint rank, out int at))
        {
            int right = next[at];
            if (symbols[at] == Gone || right >= length)
            {
                continue;
            }

            // An entry is stale where an earlier merge took one of its two symbols.
            ulong merge = merges.Find(symbols[at], symbols[right]);
            if (merge == MergeTable.None || (uint)(merge >> 32) != rank)
            {
                continue;
            }

            symbols[at] = (int)(uint)merge;
            symbols[right] = Gone;
            next[at] = next[right];
            if (next[at] < length)
            {
                previous[next[at]] = at;
                Push(at, next[at]);
            }

            if (previous[at] >= 0)
            {
                Push(previous[at], at);
            }
        }

        for (int at = 0; at < length; at = next[at])
        {
            ids.Add(symbols[at]);
        }

        heap.Return();
        ArrayPool<int>.Shared.Return(symbols);
        ArrayPool<int>.Shared.Return(previous);
        ArrayPool<int>.Shared.Return(next);

        void Push(int left, int right)
        {
            ulong merge = merges.Find(symbols[left], symbols[right]);
            if (merge != MergeTable.None)
            {
                heap.Push((uint)(merge >> 32), left);
            }
        }
    }

    static int[] ByteIds(Vocabulary vocabulary)
    {
        int[] ids = new int[256];
        for (int value = 0; value < 256; value++)
        {
            ids[value] = vocabulary.FindBytes([(byte)value]);
        }

        return ids;
    }
}
