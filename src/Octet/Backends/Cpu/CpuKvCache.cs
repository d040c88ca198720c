using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Octet.Backends.Cpu;

/// <summary>
/// A page is [layer][key, value][head][slot][head size], or without values where those are in their keys: the keys of one head in one
/// page are contiguous, which is what the attention kernel walks.
/// </summary>
/// <param name="layout">What a page holds.</param>
/// <param name="maxPages">The most pages there are at a time.</param>
/// <param name="memory">Counts the pages.</param>
/// <param name="withinRoom">Whether a page is only made where <paramref name="memory"/> has room for it.</param>
sealed unsafe class CpuKvCache(KvCacheLayout layout, int maxPages, MemoryLedger memory, bool withinRoom)
    : KvCache(layout, maxPages, withinRoom ? memory : null)
{
    readonly List<NativeBlock> _blocks = [];

    // Where each page begins. Workers read it while a page is made: it is replaced when it grows.
    nint[] _pages = new nint[16];
    volatile bool _holdsNaN;

    /// <summary>The first key of <paramref name="head"/> in a page; its values follow at <see cref="ValueOffset"/> bytes.</summary>
    internal byte* Keys(int page, int layer, int head)
        => (byte*)_pages[page] + (((Layout.ValuesInKeys ? 1L : 2L) * layer * Layout.Heads) + head) * HeadBytes;

    /// <summary>From a key to its value: 0 where that is the key's beginning.</summary>
    internal long ValueOffset => Layout.ValuesInKeys ? 0 : Layout.Heads * HeadBytes;

    /// <summary>Whether a NaN was ever stored in E4M3, the type whose quickest reading takes its codes for numbers.</summary>
    internal bool HoldsNaN => _holdsNaN;

    /// <summary>Looks at what was just stored; any thread may.</summary>
    internal void LookForNaN(byte* stored, int count)
    {
        if (Layout.Type == KvCacheType.Float8E4M3 && MemoryMarshal.CreateReadOnlySpan(ref *stored, count).IndexOfAny((byte)0x7F, (byte)0xFF) >= 0)
        {
            _holdsNaN = true;
        }
    }

    long HeadBytes => (long)KvCacheLayout.PageTokens * Layout.HeadDim * Layout.ElementBytes;

    internal override (float Key, float Value) Largest(KvSequence sequence, int layer, int tokens)
    {
        if (Layout.Type != KvCacheType.Float32)
        {
            throw new InvalidOperationException($"magnitudes of a cache of type {Layout.Type}: only float32 has them unrounded");
        }

        (float key, float value) = (0, 0);
        for (int first = 0; first < tokens; first += KvCacheLayout.PageTokens)
        {
            int count = Math.Min(KvCacheLayout.PageTokens, tokens - first) * Layout.HeadDim;
            for (int head = 0; head < Layout.Heads; head++)
            {
                int page = sequence.Page(first / KvCacheLayout.PageTokens);
                if (page < 0)
                {
                    continue;
                }

                byte* keys = Keys(page, layer, head);
                key = Math.Max(key, Math.Abs(TensorPrimitives.MaxMagnitude(new ReadOnlySpan<float>(keys, count))));
                value = Math.Max(value, Math.Abs(TensorPrimitives.MaxMagnitude(new ReadOnlySpan<float>(keys + ValueOffset, count))));
            }
        }

        return (key, value);
    }

    protected override bool MakePage(int page)
    {
        if (page == _pages.Length)
        {
            Array.Resize(ref _pages, 2 * page);
        }

        _blocks.EnsureCapacity(page + 1);
        NativeBlock block = NativeBlock.AllocateLarge(memory, Layout.BytesPerPage);
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
