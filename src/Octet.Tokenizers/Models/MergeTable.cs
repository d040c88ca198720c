using System.Runtime.CompilerServices;

namespace Octet.Tokenizers.Models;

/// <summary>
/// The merges of a BPE model: (left id, right id) to (rank, merged id), an open-addressing table.
/// A value carries the rank in its high half and the merged id in its low half, so the smaller value merges first.
/// </summary>
sealed class MergeTable
{
    /// <summary>The value of a pair that does not merge.</summary>
    internal const ulong None = ulong.MaxValue;

    const ulong Free = ulong.MaxValue; // no key

    Entry[] _entries = NewEntries(1024);
    int _shift = 64 - 10;
    int _count;

    /// <summary>What becomes of <paramref name="left"/> followed by <paramref name="right"/>, or <see cref="None"/>.</summary>
    internal ulong Find(int left, int right)
    {
        ulong key = Key(left, right);
        Entry[] entries = _entries;
        int mask = entries.Length - 1;
        for (int at = Home(key); ; at = (at + 1) & mask)
        {
            ref Entry entry = ref entries[at];
            if (entry.Key == key)
            {
                return entry.Value;
            }

            if (entry.Key == Free)
            {
                return None;
            }
        }
    }

    /// <summary>All pairs that merge.</summary>
    internal IEnumerable<(int Left, int Right)> Pairs()
    {
        foreach (Entry entry in _entries)
        {
            if (entry.Key != Free)
            {
                yield return ((int)(entry.Key >> 32), (int)(uint)entry.Key);
            }
        }
    }

    /// <summary>Adds a merge. A pair listed twice keeps its last rank, as in the reference implementation.</summary>
    internal void Set(int left, int right, int rank, int merged)
    {
        if (_count * 8 >= _entries.Length * 5)
        {
            Grow();
        }

        Put(Key(left, right), ((ulong)(uint)rank << 32) | (uint)merged);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Put(ulong key, ulong value)
    {
        int mask = _entries.Length - 1;
        int at = Home(key);
        while (_entries[at].Key != Free && _entries[at].Key != key)
        {
            at = (at + 1) & mask;
        }

        if (_entries[at].Key == Free)
        {
            _count++;
        }

        _entries[at] = new Entry(key, value);
    }

    void Grow()
    {
        Entry[] old = _entries;
        _entries = NewEntries(old.Length * 2);
        _shift--;
        _count = 0;
        foreach (Entry entry in old)
        {
            if (entry.Key != Free)
            {
                Put(entry.Key, entry.Value);
            }
        }
    }

    // Ids have 22 bits, so a key stays below 2^54.
    int Home(ulong key) => (int)(ByteHash.Compute(key) >> _shift);

    static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    static Entry[] NewEntries(int length)
    {
        Entry[] entries = new Entry[length];
        Array.Fill(entries, new Entry(Free, None));
        return entries;
    }

    readonly record struct Entry(ulong Key, ulong Value);
}
