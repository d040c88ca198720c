namespace Octet.Safetensors;

/// <summary>
/// Gathers what is written at places of some files, in any order and from several threads, so that it is written in whole blocks, as <see cref="BlockStream"/> has it. Of blocks that
/// lie open for long, because there are too many of them, what is there is written as it is.
/// </summary>
/// <param name="mostOpen">Blocks that memory holds.</param>
sealed class BlockGatherer(int mostOpen = 32)
{
    const int BlockBytes = BlockStream.BlockBytes;

    readonly Lock _lock = new();
    readonly Dictionary<(Target File, long Start), Block> _open = [];
    readonly LinkedList<Block> _oldestFirst = [];

    // Arrays of written blocks, for those to come: as garbage they would soon be many times what is open.
    readonly Stack<byte[]> _free = [];

    /// <summary>Writes bytes at a place. Called from several threads.</summary>
    internal delegate void WriteAt(long offset, ReadOnlySpan<byte> bytes);

    /// <summary>No byte may be written twice.</summary>
    internal void Write(Target file, long offset, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int into = (int)(offset % BlockBytes);
            int count = Math.Min(bytes.Length, BlockBytes - into);
            if (count == file.SizeOfBlock(offset - into))
            {
                file.Write(offset, bytes[..count]);
            }
            else
            {
                Gather(file, offset - into, into, bytes[..count]);
            }

            offset += count;
            bytes = bytes[count..];
        }
    }

    /// <summary>Writes what is left.</summary>
    internal void Flush()
    {
        foreach (Block block in _oldestFirst)
        {
            block.Write();
        }

        _open.Clear();
        _oldestFirst.Clear();
    }

    void Gather(Target file, long start, int into, ReadOnlySpan<byte> bytes)
    {
        Block? oldest = null;
        Block? whole = null;
        lock (_lock)
        {
            if (!_open.TryGetValue((file, start), out Block? block))
            {
                if (_open.Count == mostOpen)
                {
                    oldest = Remove(_oldestFirst.First!.Value);
                }

                block = new Block(file, start, _free.TryPop(out byte[]? used) ? used : GC.AllocateUninitializedArray<byte>(BlockBytes));
                _open.Add((file, start), block);
                block.Place = _oldestFirst.AddLast(block);
            }

            if (block.Add(into, bytes))
            {
                whole = Remove(block);
            }
        }

        Write(oldest);
        Write(whole);
    }

    void Write(Block? block)
    {
        if (block is null)
        {
            return;
        }

        block.Write();
        lock (_lock)
        {
            _free.Push(block.Bytes);
        }
    }

    Block Remove(Block block)
    {
        _open.Remove((block.File, block.Start));
        _oldestFirst.Remove(block.Place!);
        return block;
    }

    /// <summary>A file.</summary>
    internal sealed class Target(WriteAt write, long length)
    {
        internal WriteAt Write => write;

        internal int SizeOfBlock(long start) => (int)Math.Min(BlockBytes, length - start);
    }

    /// <param name="file">Where it goes.</param>
    /// <param name="start">Its first byte there.</param>
    /// <param name="bytes">At least as many as it has; only what was added is ever written.</param>
    sealed class Block(Target file, long start, byte[] bytes)
    {
        readonly int _size = file.SizeOfBlock(start);
        readonly List<(int Into, int Count)> _parts = [];
        int _filled;

        internal Target File => file;

        internal long Start => start;

        internal byte[] Bytes => bytes;

        internal LinkedListNode<Block>? Place { get; set; }

        /// <summary>True: it is whole.</summary>
        internal bool Add(int into, ReadOnlySpan<byte> part)
        {
            part.CopyTo(bytes.AsSpan(into));
            if (_parts.Count > 0 && _parts[^1] is var last && last.Into + last.Count == into)
            {
                _parts[^1] = (last.Into, last.Count + part.Length);
            }
            else
            {
                _parts.Add((into, part.Length));
            }

            _filled += part.Length;
            return _filled == _size;
        }

        internal void Write()
        {
            if (_filled == _size)
            {
                file.Write(start, bytes.AsSpan(0, _size));
                return;
            }

            foreach ((int into, int count) in _parts)
            {
                file.Write(start + into, bytes.AsSpan(into, count));
            }
        }
    }
}
