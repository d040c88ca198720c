namespace Octet.Backends;

/// <summary>
/// Keys and values of past tokens in pages of <see cref="KvCacheLayout.PageTokens"/> tokens. Pages are made when first needed, handed
/// from sequence to sequence, and released with the cache. Not thread-safe: the engine's step holds a lock.
/// </summary>
abstract class KvCache(KvCacheLayout layout, int maxPages) : IDisposable
{
    readonly Stack<int> _free = new();
    int _made;

    internal KvCacheLayout Layout { get; } = layout;

    internal int MaxPages { get; } = maxPages;

    internal int FreePages => _free.Count + (MaxPages - _made);

    /// <summary>An unused page's number, or -1 when <see cref="MaxPages"/> are in use.</summary>
    internal int Take()
    {
        if (_free.TryPop(out int page))
        {
            return page;
        }

        if (_made == MaxPages)
        {
            return -1;
        }

        MakePage(_made);
        return _made++;
    }

    internal void Return(int page) => _free.Push(page);

    /// <summary>The largest magnitudes among the keys and the values of a sequence's first tokens in one layer of a float32 cache: what scales of a narrower one follow from.</summary>
    internal abstract (float Key, float Value) Largest(KvSequence sequence, int layer, int tokens);

    protected abstract void MakePage(int page);

    public abstract void Dispose();
}
