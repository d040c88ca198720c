namespace Octet.Backends;

/// <summary>
/// The pages of one sequence in one kind of layers: token <c>p</c> lies in page <c>p / 32</c>, slot <c>p % 32</c>. With a window the pages
/// behind it are used again for the tokens ahead. One thread at a time. A sequence that was forgotten gives its pages back.
/// </summary>
/// <param name="cache">Where the pages are.</param>
/// <param name="chunk">The most tokens of a step.</param>
sealed class KvSequence(KvCache cache, int chunk) : IDisposable
{
    const int None = -1;

    // Numbers of pages by their place in the sequence; those behind the window are None. Pages without a place wait in _spare.
    readonly List<int> _pages = [];
    readonly Stack<int> _spare = new();
    int _first;

    ~KvSequence() => Shrink(0);

    /// <summary>Tokens for which there is room; with a window more can be had by <see cref="Advance"/>.</summary>
    internal int Capacity => _pages.Count * KvCacheLayout.PageTokens;

    internal int Page(int index) => _pages[index];

    /// <summary>Makes room for <paramref name="tokens"/> tokens in all, or as many as the window and a step need; false, with nothing taken, when the cache is full.</summary>
    /// <exception cref="ModelException">The system has no more memory; then nothing was taken either.</exception>
    internal bool TryGrow(int tokens)
    {
        int held = _pages.Count - _first + _spare.Count;
        int wanted = cache.Layout.Pages(tokens, chunk) - held;
        int before = _spare.Count;
        _spare.EnsureCapacity(before + Math.Max(0, wanted));
        bool complete = false;
        try
        {
            for (; wanted > 0; wanted--)
            {
                int page = cache.Take();
                if (page < 0)
                {
                    return false;
                }

                _spare.Push(page);
            }

            complete = true;
        }
        finally
        {
            while (!complete && _spare.Count > before)
            {
                cache.Return(_spare.Pop());
            }
        }

        if (cache.Layout.Window is null)
        {
            Place(KvCacheLayout.PagesOf(tokens));
        }

        return true;
    }

    /// <summary>Begins an empty sequence with full pages that others hold too, or that are kept: it reads them, and writes behind them.</summary>
    internal void Adopt(ReadOnlySpan<int> pages)
    {
        if (_pages.Count > 0 || cache.Layout.Window is not null)
        {
            throw new InvalidOperationException("a sequence that holds pages, or has a window, cannot begin with those of others");
        }

        _pages.EnsureCapacity(pages.Length);
        foreach (int page in pages)
        {
            cache.Share(page);
            _pages.Add(page);
        }
    }

    /// <summary>Before a step: gives tokens [position, position + count) their place, with the pages that no token from there on sees.</summary>
    internal void Advance(int position, int count)
    {
        if (cache.Layout.Window is { } window)
        {
            int seen = Math.Max(0, position - window + 1) / KvCacheLayout.PageTokens;
            for (; _first < Math.Min(seen, _pages.Count); _first++)
            {
                _spare.Push(_pages[_first]);
                _pages[_first] = None;
            }

            Place(KvCacheLayout.PagesOf(position + count));
        }
    }

    /// <summary>All tokens are to be computed again: what is held stays held.</summary>
    internal void Rewind()
    {
        if (cache.Layout.Window is null)
        {
            return;
        }

        foreach (int page in _pages)
        {
            if (page != None)
            {
                _spare.Push(page);
            }
        }

        _pages.Clear();
        _first = 0;
    }

    /// <summary>Gives back what the first <paramref name="tokens"/> tokens do not need; returns how many of them are still there: all or none.</summary>
    internal int Truncate(int tokens)
    {
        if (cache.Layout.Window is { } window && Math.Max(0, tokens - window + 1) / KvCacheLayout.PageTokens < _first)
        {
            tokens = 0;
        }

        Shrink(KvCacheLayout.PagesOf(tokens));
        return tokens;
    }

    public void Dispose()
    {
        Shrink(0);
        GC.SuppressFinalize(this);
    }

    void Place(int pages)
    {
        while (_pages.Count < pages)
        {
            _pages.Add(_spare.Pop());
        }
    }

    void Shrink(int pages)
    {
        for (int i = _pages.Count - 1; i >= pages; i--)
        {
            if (_pages[i] != None)
            {
                cache.Return(_pages[i]);
            }

            _pages.RemoveAt(i);
        }

        _first = Math.Min(_first, _pages.Count);
        while (_spare.TryPop(out int page))
        {
            cache.Return(page);
        }
    }
}
