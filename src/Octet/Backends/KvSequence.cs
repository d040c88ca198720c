namespace Octet.Backends;

/// <summary>The pages of one sequence, in order: token <c>p</c> lies in page <c>p / 32</c>, slot <c>p % 32</c>.</summary>
sealed class KvSequence(KvCache cache) : IDisposable
{
    readonly List<int> _pages = [];

    internal int Capacity => _pages.Count * KvCacheLayout.PageTokens;

    internal int Page(int index) => _pages[index];

    /// <summary>Makes room for <paramref name="tokens"/> tokens in all; false, with nothing taken, when the cache is full.</summary>
    internal bool TryGrow(int tokens)
    {
        int needed = (tokens + KvCacheLayout.PageTokens - 1) / KvCacheLayout.PageTokens - _pages.Count;
        if (needed > cache.FreePages)
        {
            return false;
        }

        for (; needed > 0; needed--)
        {
            _pages.Add(cache.Take());
        }

        return true;
    }

    /// <summary>Gives back the pages that the first <paramref name="tokens"/> tokens do not need.</summary>
    internal void Truncate(int tokens)
    {
        int keep = (tokens + KvCacheLayout.PageTokens - 1) / KvCacheLayout.PageTokens;
        for (int i = _pages.Count - 1; i >= keep; i--)
        {
            cache.Return(_pages[i]);
            _pages.RemoveAt(i);
        }
    }

    public void Dispose() => Truncate(0);
}
