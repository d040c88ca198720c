namespace Octet.Backends.Cpu;

/// <summary>A page is the states of one layer after the other.</summary>
/// <param name="layout">What a page holds.</param>
/// <param name="maxPages">The most pages there are at a time.</param>
/// <param name="memory">Counts the pages.</param>
/// <param name="withinRoom">Whether a page is only made where <paramref name="memory"/> has room for it.</param>
sealed unsafe class CpuRecurrentCache(RecurrentLayout layout, int maxPages, MemoryLedger memory, bool withinRoom)
    : RecurrentCache(layout, maxPages, withinRoom ? memory : null)
{
    readonly List<NativeBlock> _blocks = [];

    // Where each page begins. Workers read it while a page is made: it is replaced when it grows.
    nint[] _pages = new nint[4];

    internal float* State(int page, int layer) => (float*)_pages[page] + (nint)layer * Layout.Floats;

    protected override bool MakePage(int page)
    {
        if (page == _pages.Length)
        {
            Array.Resize(ref _pages, 2 * page);
        }

        _blocks.EnsureCapacity(page + 1);
        NativeBlock block = NativeBlock.AllocateLarge(memory, Layout.Bytes);
        _blocks.Add(block);
        _pages[page] = (nint)block.Pointer;
        return true;
    }

    protected override void ReleasePages()
    {
        _pages = [];
        _blocks.ForEach(block => block.Dispose());
        _blocks.Clear();
    }
}
