namespace Octet.Backends;

/// <summary>Keys and values of past tokens in pages of <see cref="KvCacheLayout.PageTokens"/> tokens.</summary>
/// <param name="layout">What a page holds.</param>
/// <param name="maxPages">The most pages there are at a time.</param>
/// <param name="room">Where a page is only made if there is room for it; null: as far as <paramref name="maxPages"/> allows.</param>
abstract class KvCache(KvCacheLayout layout, int maxPages, MemoryLedger? room) : PagePool(layout.BytesPerPage, maxPages, room)
{
    internal KvCacheLayout Layout { get; } = layout;

    /// <summary>The largest magnitudes among the keys and the values of a sequence's first tokens in one layer of a float32 cache: what scales of a narrower one follow from.</summary>
    internal abstract (float Key, float Value) Largest(KvSequence sequence, int layer, int tokens);
}
