namespace Octet.Tokenizers.Patterns;

/// <summary>
/// A stack in blocks. In one array it would be copied as it grows, and arrays of 85,000 bytes and more are large objects: memory that the
/// system hands out and clears anew each time, and that is collected only together with everything else. Of a match of a long text that
/// was most of the time.
/// </summary>
sealed class BlockStack<T>
{
    const int BlockBits = 11;
    const int BlockSize = 1 << BlockBits;

    // Of the first block, which grows by doubling up to a whole one: most stacks stay short.
    const int FirstSize = 64;

    readonly List<T[]> _blocks = [new T[FirstSize]];

    internal int Count { get; private set; }

    internal T this[int index] => _blocks[index >> BlockBits][index & (BlockSize - 1)];

    internal void Push(T item)
    {
        int block = Count >> BlockBits;
        int at = Count & (BlockSize - 1);
        if (block == _blocks.Count)
        {
            _blocks.Add(new T[BlockSize]);
        }
        else if (at == _blocks[block].Length)
        {
            T[] first = _blocks[block];
            Array.Resize(ref first, 2 * at);
            _blocks[block] = first;
        }

        _blocks[block][at] = item;
        Count++;
    }

    internal T Pop() => this[--Count];

    /// <summary>Takes away all but so many.</summary>
    internal void ShrinkTo(int count) => Count = count;
}
