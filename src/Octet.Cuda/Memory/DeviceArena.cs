using Octet.Cuda.Driver;

namespace Octet.Cuda.Memory;

/// <summary>
/// Memory on the card for many things that live equally long, such as a model's weights: a few large blocks, given back together. Not thread-safe.
/// </summary>
/// <param name="context">The card.</param>
/// <param name="blockBytes">What is allocated at a time; for a piece of more than a quarter of it, as much as that has: of many of them the rest of a block would be lost.</param>
sealed class DeviceArena(CudaContext context, long blockBytes = DeviceArena.DefaultBlock) : IDisposable
{
    /// <summary>Where a piece begins, unless more is asked for: what the widest loads and the tensor memory accelerator want.</summary>
    internal const int Alignment = 256;

    const long DefaultBlock = 256L << 20;

    readonly List<Block> _blocks = [];
    bool _disposed;

    /// <summary>Bytes of all pieces, without what lies between them.</summary>
    internal long BytesUsed { get; private set; }

    /// <summary>Bytes that were taken from the card.</summary>
    internal long BytesReserved => _blocks.Sum(block => block.Memory.Bytes);

    /// <summary>A piece with any content.</summary>
    /// <param name="bytes">Its length, at least 1.</param>
    /// <param name="alignment">What its address is a multiple of: a power of two, at most <see cref="Alignment"/>.</param>
    /// <exception cref="CudaException">The card has no more memory.</exception>
    internal DeviceSpan Allocate(long bytes, int alignment = Alignment)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(alignment, Alignment);
        if (!System.Numerics.BitOperations.IsPow2(alignment))
        {
            throw new ArgumentOutOfRangeException(nameof(alignment), alignment, "expected a power of two");
        }

        foreach (Block open in _blocks)
        {
            if (open.TryTake(bytes, alignment) is { } piece)
            {
                BytesUsed += bytes;
                return piece;
            }
        }

        // The last of a card's memory is taken in smaller blocks.
        var block = new Block(context.Allocate(bytes > blockBytes / 4 ? bytes : Math.Max(bytes, Math.Min(blockBytes, context.Memory.Room))));
        _blocks.Add(block);
        BytesUsed += bytes;
        return block.TryTake(bytes, alignment)!.Value;
    }

    public void Dispose()
    {
        _disposed = true;
        _blocks.ForEach(block => block.Memory.Dispose());
        _blocks.Clear();
        BytesUsed = 0;
    }

    sealed class Block(DeviceBlock memory)
    {
        long _used;

        internal DeviceBlock Memory => memory;

        internal DeviceSpan? TryTake(long bytes, int alignment)
        {
            long start = (_used + alignment - 1) & -alignment;
            if (start > memory.Bytes - bytes)
            {
                return null;
            }

            _used = start + bytes;
            return memory.Span.Slice(start, bytes);
        }
    }
}
