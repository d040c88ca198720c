using System.Buffers;

namespace Octet.Tokenizers.Models;

/// <summary>
/// A binary min-heap of (rank, position), packed into one number each. A merge pops one entry and pushes at most two, and a
/// piece of n bytes has at most n - 1 merges, so 2n slots are enough.
/// </summary>
struct RankHeap(int pieceLength)
{
    readonly ulong[] _items = ArrayPool<ulong>.Shared.Rent(checked(2 * pieceLength));
    int _count;

    internal void Push(uint rank, int position)
    {
        ulong item = ((ulong)rank << 32) | (uint)position;
        int at = _count++;
        while (at > 0)
        {
            int parent = (at - 1) / 2;
            if (_items[parent] <= item)
            {
                break;
            }

            _items[at] = _items[parent];
            at = parent;
        }

        _items[at] = item;
    }

    internal bool TryPop(out uint rank, out int position)
    {
        if (_count == 0)
        {
            rank = 0;
            position = 0;
            return false;
        }

        ulong top = _items[0];
        rank = (uint)(top >> 32);
        position = (int)(uint)top;
        ulong last = _items[--_count];
        int at = 0;
        for (int child = 1; child < _count; child = 2 * at + 1)
        {
            if (child + 1 < _count && _items[child + 1] < _items[child])
            {
                child++;
            }

            if (last <= _items[child])
            {
                break;
            }

            _items[at] = _items[child];
            at = child;
        }

        _items[at] = last;
        return true;
    }

    internal readonly void Return() => ArrayPool<ulong>.Shared.Return(_items);
}
