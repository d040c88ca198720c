namespace Octet.Backends;

/// <summary>
/// Pages of equal size, made when first needed, handed from sequence to sequence, and released with the pool. They may be taken and returned
/// from any thread; what they hold is written and read in the engine's steps.
/// </summary>
/// <param name="bytesPerPage">What one takes.</param>
/// <param name="maxPages">The most pages there are at a time.</param>
/// <param name="room">Where a page is only made if there is room for it; null: as far as <paramref name="maxPages"/> allows.</param>
abstract class PagePool(long bytesPerPage, int maxPages, MemoryLedger? room) : IDisposable
{
    readonly Lock _lock = new();
    readonly Stack<int> _free = new();
    int _made;
    bool _disposed;

    internal int MaxPages { get; } = maxPages;

    /// <summary>Pages that sequences hold.</summary>
    internal int PagesInUse
    {
        get
        {
            lock (_lock)
            {
                return _made - _free.Count;
            }
        }
    }

    /// <summary>An unused page's number, or -1 when <see cref="MaxPages"/> are in use or memory is used up.</summary>
    /// <exception cref="ModelException">The system has no more memory.</exception>
    internal int Take()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(LanguageModel));
            if (_free.TryPop(out int page))
            {
                return page;
            }

            if (_made == MaxPages || room?.Room < bytesPerPage)
            {
                return -1;
            }

            // A return must not fail: it may be a finalizer's.
            _free.EnsureCapacity(_made + 1);
            MakePage(_made);
            return _made++;
        }
    }

    internal void Return(int page)
    {
        lock (_lock)
        {
            _free.Push(page);
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

    /// <summary>Makes page number <paramref name="page"/>, one more than there are; other threads may read the pages before it meanwhile.</summary>
    protected abstract void MakePage(int page);

    protected abstract void ReleasePages();
}
