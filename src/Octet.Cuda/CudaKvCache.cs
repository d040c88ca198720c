using Octet.Backends;
using Octet.Cuda.Driver;

namespace Octet.Cuda;

/// <summary>
/// Pages on the card, allocated some at a time: [layer][head][keys, values], keys as [token][dimension], values as [dimension][token], so that a product with
/// either reads what lies together. Beside them one page that nobody has, where rows that fill a step up write to.
/// </summary>
sealed unsafe class CudaKvCache : KvCache
{
    readonly CudaStream _stream;
    readonly DevicePages _pages;
    readonly DeviceBlock _spare;

    /// <param name="context">The card.</param>
    /// <param name="layout">What a page holds.</param>
    /// <param name="maxPages">The most pages there are at a time.</param>
    /// <param name="withinRoom">Whether a page is only made where the card's ledger has room for it.</param>
    internal CudaKvCache(CudaContext context, KvCacheLayout layout, int maxPages, bool withinRoom)
        : base(layout, maxPages, withinRoom ? context.Memory : null)
    {
        _stream = context.CreateStream();

        // Zeros: products read whole pages, of which scores of tokens that are not there count nothing.
        _pages = new DevicePages(context, layout.BytesPerPage, maxPages, withinRoom ? context.Memory : null, _stream);
        try
        {
            _spare = _pages.Allocate(1);
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

    protected override bool MakePage(int page) => _pages.Make(page);

    protected override void ReleasePages()
    {
        _pages.Dispose();
        _spare?.Dispose();
        Scales?.Dispose();
        _stream.Dispose();
    }
}
