using System.Buffers;

namespace Octet.Tokenizers.Models;

/// <summary>
/// Merges neighbouring symbols: always the pair of the lowest rank, the leftmost of equals, until no pair is in the table.
/// </summary>
static class PairMerger
{
    /// <summary>Up to here a scan over all pairs beats a heap.</summary>
    internal const int Short = 64;

    /// <summary>Merges in place and returns how many symbols are left.</summary>
    /// <param name="merges">The pairs that merge.</param>
    /// <param name="symbols">The symbols' ids.</param>
    /// <param name="starts">Where each symbol begins, merged along; empty where nobody asks.</param>
    internal static int Merge(MergeTable merges, Span<int> symbols, Span<int> starts) =>
        symbols.Length <= Short ? MergeShort(merges, symbols, starts) : MergeLong(merges, symbols, starts);

    static int MergeShort(MergeTable merges, Span<int> symbols, Span<int> starts)
    {
        // pairs[i] is the merge of symbols i and i + 1.
        Span<ulong> pairs = stackalloc ulong[Short];
        int count = symbols.Length;
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
            if (!starts.IsEmpty)
            {
                starts[(best + 2)..count].CopyTo(starts[(best + 1)..]);
            }

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
    static int MergeLong(MergeTable merges, Span<int> symbols, Span<int> starts)
    {
        const int Gone = -1;
        int length = symbols.Length;
        int[] previous = ArrayPool<int>.Shared.Rent(length);
        int[] next = ArrayPool<int>.Shared.Rent(length);
        RankHeap heap = new(length);
        for (int i = 0; i < length; i++)
        {
            previous[i] = i - 1;
            next[i] = i + 1;
        }

        for (int i = 0; i + 1 < length; i++)
        {
            Push(symbols, i, i + 1);
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
                Push(symbols, at, next[at]);
            }

            if (previous[at] >= 0)
            {
                Push(symbols, previous[at], at);
            }
        }

        int count = 0;
        for (int at = 0; at < length; at = next[at])
        {
            symbols[count] = symbols[at];
            if (!starts.IsEmpty)
            {
                starts[count] = starts[at];
            }

            count++;
        }

        heap.Return();
        ArrayPool<int>.Shared.Return(previous);
        ArrayPool<int>.Shared.Return(next);
        return count;

        void Push(Span<int> symbols, int left, int right)
        {
            ulong merge = merges.Find(symbols[left], symbols[right]);
            if (merge != MergeTable.None)
            {
                heap.Push((uint)(merge >> 32), left);
            }
        }
    }
}
