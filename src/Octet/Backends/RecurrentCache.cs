namespace Octet.Backends;

/// <summary>The states of recurrent layers: a page is all that one sequence has. What is in it before a sequence's first token counts as zeros.</summary>
/// <param name="layout">What a page holds.</param>
/// <param name="maxPages">The most sequences at a time.</param>
/// <param name="room">Where a page is only made if there is room for it; null: as far as <paramref name="maxPages"/> allows.</param>
abstract class RecurrentCache(RecurrentLayout layout, int maxPages, MemoryLedger? room) : PagePool(layout.Bytes, maxPages, room)
{
    internal RecurrentLayout Layout { get; } = layout;
}
