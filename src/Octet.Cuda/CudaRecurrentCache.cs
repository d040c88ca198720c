using Octet.Backends;
using Octet.Cuda.Driver;

namespace Octet.Cuda;

/// <summary>
/// States on the card: a page is those of one layer after the other. Of a head four rows of keys lie together, [key / 4][value][key % 4]. What a page holds when it is made is never read.
/// </summary>
/// <param name="context">The card.</param>
/// <param name="layout">What a page holds.</param>
/// <param name="maxPages">The most pages there are at a time.</param>
/// <param name="withinRoom">Whether a page is only made where the card's ledger has room for it.</param>
sealed class CudaRecurrentCache(CudaContext context, RecurrentLayout layout, int maxPages, bool withinRoom)
    : RecurrentCache(layout, maxPages, withinRoom ? context.Memory : null)
{
    readonly DevicePages _pages = new(context, layout.Bytes, maxPages, withinRoom ? context.Memory : null, zeros: null);

    /// <summary>Where the states of a sequence begin.</summary>
    internal ulong Page(int page) => _pages[page];

    /// <summary>Bytes before those of a layer.</summary>
    internal ulong Offset(int layer) => (ulong)layer * (ulong)Layout.Floats * sizeof(float);

    protected override bool MakePage(int page) => _pages.Make(page);

    protected override void ReleasePages() => _pages.Dispose();
}
