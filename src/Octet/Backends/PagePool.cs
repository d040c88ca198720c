namespace Octet.Backends;

/// <summary>
/// Pages of equal size, made when first needed, handed from sequence to sequence, and released with the pool. Sequences may share a page that
/// they only read; a <see cref="PrefixCache"/> may keep one that no sequence holds. They may be taken and returned from any thread; what
/// they hold is written and read in the engine's steps.
/// </summary>
/// <param name="bytesPerPage">What one takes.</param>
/// <param name="maxPages">The most pages there are at a time.</param>
/// <param name="room">Where a page is only made if there is room for it; null: as far as <paramref name="maxPages"/> allows.</param>
abstract class PagePool(long bytesPerPage, int maxPages, MemoryLedger? room) : IDisposable
{
    readonly Lock _lock = new();
    readonly Stack<int> _free = new();
    Use[] _uses = new Use[16];
    int _made;
    int _idle;
    bool _disposed;

    internal int MaxPages { get; } = maxPages;

    /// <summary>Makes kept pages free where it can; false: there was none. Null: nobody keeps pages.</summary>
    internal Func<bool>? Reclaim { get; set; }

    /// <summary>Pages that sequences hold.</summary>
    internal int PagesInUse
    {
        get
        {
            lock (_lock)
            {
                return _made - _free.Count - _idle;
            }
        }
    }

    /// <summary>Pages that are kept and that no sequence holds.</summary>
    internal int PagesIdle
    {
        get
        {
            lock (_lock)
            {
                return _idle;
            }
        }
    }

    /// <summary>An unused page's number, or -1 when <see cref="MaxPages"/> are in use or memory is used up.</summary>
    /// <exception cref="ModelException">The system has no more memory.</exception>
    internal int Take()
    {
        while (true)
        {
            int page = TakeFree();
            if (page >= 0 || Reclaim?.Invoke() != true)
            {
                return page;
            }
        }
    }

    /// <summary>One sequence more holds a page, which another holds or which is kept.</summary>
    internal void Share(int page)
    {
        lock (_lock)
        {
            ref Use use = ref _uses[page];
            _idle -= use.IsIdle ? 1 : 0;
            use.Holders++;
        }
    }

    /// <summary>A sequence holds the page no longer.</summary>
    internal void Return(int page)
    {
        lock (_lock)
        {
            ref Use use = ref _uses[page];
            use.Holders--;
            Release(page, use);
        }
    }

    /// <summary>The page stays as it is when no sequence holds it any more, until <see cref="Forget"/>.</summary>
    internal void Keep(int page)
    {
        lock (_lock)
        {
            _uses[page].IsKept = true;
        }
    }

    internal void Forget(int page)
    {
        lock (_lock)
        {
            ref Use use = ref _uses[page];
            _idle -= use.IsIdle ? 1 : 0;
            use.IsKept = false;
            Release(page, use);
        }
    }

    /// <summary>Whether a page is kept and no sequence holds it.</summary>
    internal bool IsIdle(int page)
    {
        lock (_lock)
        {
            return _uses[page].IsIdle;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            ReleasePages();
        }
    }

    /// <summary>
    /// Makes page number <paramref name="page"/>, one more than there are; other threads may read the pages before it meanwhile. False: its device has no memory
    /// left, whatever the ledger counts, as other programs may take some.
    /// </summary>
    protected abstract bool MakePage(int page);

    protected abstract void ReleasePages();

    int TakeFree()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(LanguageModel));
            if (!_free.TryPop(out int page))
            {
                if (_made == MaxPages || room?.Room < bytesPerPage)
                {
                    return -1;
                }

                // A return must not fail: it may be a finalizer's.
                _free.EnsureCapacity(_made + 1);
                if (_made == _uses.Length)
                {
                    Array.Resize(ref _uses, 2 * _made);
                }

                if (!MakePage(_made))
                {
                    return -1;
                }

                page = _made++;
            }

            _uses[page] = new Use { Holders = 1 };
            return page;
        }
    }

    void Release(int page, in Use use)
    {
        if (use.Holders == 0)
        {
            if (use.IsKept)
            {
                _idle++;
            }
            else
            {
                _free.Push(page);
            }
        }
    }

    struct Use
    {
        internal int Holders;
        internal bool IsKept;

        internal readonly bool IsIdle => IsKept && Holders == 0;
    }
}
