namespace Octet.Backends;

/// <summary>
/// The state of one sequence in all recurrent layers: it can go on from where it is, or begin again, and be had for no other length. One
/// thread at a time. A sequence that was forgotten gives its page back.
/// </summary>
/// <param name="cache">Where the page is.</param>
sealed class RecurrentSequence(RecurrentCache cache) : IDisposable
{
    const int None = -1;

    // Tokens that the state holds; None while a step changes it, and after one that failed.
    int _tokens;
    int _next;

    ~RecurrentSequence() => Return();

    /// <summary>The number of the page.</summary>
    internal int Page { get; private set; } = None;

    /// <summary>Takes a page, where there is none yet; false when the cache is full.</summary>
    /// <exception cref="ModelException">The system has no more memory.</exception>
    internal bool TryTake()
    {
        if (Page == None)
        {
            Page = cache.Take();
        }

        return Page != None;
    }

    /// <summary>Before a step over tokens [position, position + count).</summary>
    internal void Advance(int position, int count)
    {
        if (position != 0 && position != _tokens)
        {
            throw new InvalidOperationException($"a step at token {position} of a sequence whose recurrent state holds {_tokens}");
        }

        (_tokens, _next) = (None, position + count);
    }

    /// <summary>After a step that changed all layers.</summary>
    internal void Complete() => _tokens = _next;

    /// <summary>All tokens are to be computed again.</summary>
    internal void Rewind() => _tokens = 0;

    /// <summary>Returns how many of the first <paramref name="tokens"/> tokens need not be computed again. Of none, the page is given back.</summary>
    internal int Truncate(int tokens)
    {
        if (_tokens == None || _tokens > tokens)
        {
            _tokens = 0;
        }

        if (tokens == 0)
        {
            Return();
        }

        return _tokens;
    }

    public void Dispose()
    {
        Return();
        GC.SuppressFinalize(this);
    }

    void Return()
    {
        if (Page != None)
        {
            cache.Return(Page);
            Page = None;
        }
    }
}
