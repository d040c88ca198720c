using Octet.Backends;
using Octet.Cuda.Driver;

namespace Octet.Cuda;

/// <summary>
/// Pages on the card, allocated some at a time: [layer][head][keys, values], keys as [token][dimension], values as [dimension][token], so that a product with
/// either reads what lies together. Beside them one page that nobody has, where rows that fill a step up write to.
/// </summary>
sealed unsafe class CudaKvCache : KvCache
{
    // What is allocated at a time, as far as there may be so many pages.
    const long BlockBytes = 64L << 20;

    readonly CudaContext _context;
    readonly CudaStream _stream;
    readonly MemoryLedger? _room;
    readonly List<DeviceBlock> _blocks = [];
    readonly DeviceBlock _spare;
    ulong[] _pages = new ulong[16];
    ulong _next;
    int _left;

    /// <param name="context">The card.</param>
    /// <param name="layout">What a page holds.</param>
    /// <param name="maxPages">The most pages there are at a time.</param>
    /// <param name="withinRoom">Whether a page is only made where the card's ledger has room for it.</param>
    internal CudaKvCache(CudaContext context, KvCacheLayout layout, int maxPages, bool withinRoom)
        : base(layout, maxPages, withinRoom ? context.Memory : null)
    {
        _context = context;
        _room = withinRoom ? context.Memory : null;
        _stream = context.CreateStream();
        try
        {
            _spare = Allocate(1);
            if (layout.Scales is not null)
            {
                float[] scales = [.. Enumerable.Range(0, layout.Layers * layout.Heads).SelectMany(i => Pair(layout.Scale(i / layout.Heads, i % layout.Heads)))];
                Scales = context.Allocate(scales.Length * sizeof(float));
                fixed (float* first = scales)
                {
                    _stream.CopyToDevice(Scales.Address, first, Scales.Bytes);
                    _stream.Synchronize();
                }
            }
        }
        catch
        {
            ReleasePages();
            throw;
        }

        static float[] Pair(KvScale scale) => [scale.Key, scale.Value];
    }

    /// <summary>For each layer and head the keys' scale and the values'; null: all are 1.</summary>
    internal DeviceBlock? Scales { get; }

    /// <summary>Where a page begins.</summary>
    internal ulong Page(int page) => _pages[page];

    /// <summary>The page of rows that belong to no sequence.</summary>
    internal ulong SparePage => _spare.Address;

    internal override (float Key, float Value) Largest(KvSequence sequence, int layer, int tokens)
        => throw CudaBackend.Unsupported("the largest magnitudes of a cache");

    protected override bool MakePage(int page)
    {
        if (page == _pages.Length)
        {
            Array.Resize(ref _pages, 2 * page);
        }

        if (_left == 0)
        {
            long pages = Math.Clamp(BlockBytes / Layout.BytesPerPage, 1, MaxPages - page);
            pages = Math.Max(1, Math.Min(pages, (_room?.Room ?? long.MaxValue) / Layout.BytesPerPage));
            _blocks.EnsureCapacity(_blocks.Count + 1);
            if ((TryAllocate(pages) ?? (pages > 1 ? TryAllocate(1) : null)) is not { } block)
            {
                return false;
            }

            _blocks.Add(block);
            _next = block.Address;
            _left = (int)(block.Bytes / Layout.BytesPerPage);
        }

        _pages[page] = _next;
        _next += (ulong)Layout.BytesPerPage;
        _left--;
        return true;
    }

    protected override void ReleasePages()
    {
        _blocks.ForEach(block => block.Dispose());
        _blocks.Clear();
        _spare?.Dispose();
        Scales?.Dispose();
        _stream.Dispose();
    }

    DeviceBlock? TryAllocate(long pages)
    {
        try
        {
            return Allocate(pages);
        }
        catch (CudaException error) when (error.Code == CudaResult.OutOfMemory)
        {
            return null;
        }
    }

    // Zeros: products read whole pages, of which scores of tokens that are not there count nothing.
    DeviceBlock Allocate(long pages)
    {
        DeviceBlock block = _context.Allocate(pages * Layout.BytesPerPage);
        try
        {
            _stream.Zero(block.Address, block.Bytes);
            _stream.Synchronize();
            return block;
        }
        catch
        {
            block.Dispose();
            throw;
        }
    }
}
