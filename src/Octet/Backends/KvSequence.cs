namespace Octet.Backends;

/// <summary>
/// The pages of one sequence, in order: token <c>p</c> lies in page <c>p / 32</c>, slot <c>p % 32</c>. One thread at a time. A sequence that
/// was forgotten gives its pages back.
/// </summary>
sealed class KvSequence(KvCache cache) : IDisposable
{
    readonly List<int> _pages = [];

    ~KvSequence() => Shrink(0);

    /// <summary>Whether its keys turn as those of long sequences do (<see cref="Rotary.Long"/>).</summary>
    internal bool IsLong { get; set; }

    internal int Capacity => _pages.Count * KvCacheLayout.PageTokens;

    internal int Page(int index) => _pages[index];

    /// <summary>Makes room for <paramref name="tokens"/> tokens in all; false, with nothing taken, when the cache is full.</summary>
    /// <exception cref="ModelException">The system has no more memory; then nothing was taken either.</exception>
    internal bool TryGrow(int tokens)
    {
        int before = _pages.Count;
        int needed = PagesOf(tokens);
        _pages.EnsureCapacity(needed);
        try
        {
            while (_pages.Count < needed)
            {
                int page = cache.Take();
                if (page < 0)
                {
                    Shrink(before);
                    return false;
                }

                _pages.Add(page);
            }
        }
        catch
        {
            Shrink(before);
            throw;
        }

        return true;
    }

    /// <summary>Gives back the pages that the first <paramref name="tokens"/> tokens do not need.</summary>
    internal void Truncate(int tokens) => Shrink(PagesOf(tokens));

    public void Dispose()
    {
        Shrink(0);
        GC.SuppressFinalize(this);
    }

    void Shrink(int pages)
    {
        for (int i = _pages.Count - 1; i >= pages; i--)
        {
            cache.Return(_pages[i]);
            _pages.RemoveAt(i);
        }
    }

    static int PagesOf(int tokens) => (tokens + KvCacheLayout.PageTokens - 1) / KvCacheLayout.PageTokens;
}
