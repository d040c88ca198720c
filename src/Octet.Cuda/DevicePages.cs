using Octet.Backends;
using Octet.Cuda.Driver;

namespace Octet.Cuda;

/// <summary>The memory of a pool's pages, allocated some at a time.</summary>
/// <param name="context">The card.</param>
/// <param name="bytesPerPage">What one takes.</param>
/// <param name="maxPages">The most pages there are at a time.</param>
/// <param name="room">Says how many more may be allocated at once; null: as many as there may be.</param>
/// <param name="zeros">What fills a page with zeros when it is made; null: it counts as unwritten.</param>
sealed class DevicePages(CudaContext context, long bytesPerPage, int maxPages, MemoryLedger? room, CudaStream? zeros) : IDisposable
{
    // What is allocated at a time, as far as there may be so many pages.
    const long BlockBytes = 64L << 20;

    readonly List<DeviceBlock> _blocks = [];

    // Steps read it while a page is made: it is replaced when it grows.
    ulong[] _pages = new ulong[16];
    ulong _next;
    int _left;

    /// <summary>Where a page begins.</summary>
    internal ulong this[int page] => _pages[page];

    /// <summary>Makes page number <paramref name="page"/>, one more than there are; false: the card has no memory left.</summary>
    internal bool Make(int page)
    {
        if (page == _pages.Length)
        {
            Array.Resize(ref _pages, 2 * page);
        }

        if (_left == 0)
        {
            long pages = Math.Clamp(BlockBytes / bytesPerPage, 1, maxPages - page);
            pages = Math.Max(1, Math.Min(pages, (room?.Room ?? long.MaxValue) / bytesPerPage));
            _blocks.EnsureCapacity(_blocks.Count + 1);
            if ((TryAllocate(pages) ?? (pages > 1 ? TryAllocate(1) : null)) is not { } block)
            {
                return false;
            }

            _blocks.Add(block);
            _next = block.Address;
            _left = (int)(block.Bytes / bytesPerPage);
        }

        _pages[page] = _next;
        _next += (ulong)bytesPerPage;
        _left--;
        return true;
    }

    /// <summary>Memory for so many pages that lie together.</summary>
    /// <exception cref="CudaException">The card has no more memory.</exception>
    internal DeviceBlock Allocate(long pages)
    {
        DeviceBlock block = context.Allocate(pages * bytesPerPage);
        try
        {
            zeros?.Zero(block.Address, block.Bytes);
            zeros?.Synchronize();
            return block;
        }
        catch
        {
            block.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _blocks.ForEach(block => block.Dispose());
        _blocks.Clear();
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
}
