using Octet.Backends;
using Octet.Backends.Cpu;

namespace Octet.Tests.Backends;

/// <summary>Pages of beginnings of texts: found by tokens, shared, kept, and given up when they are needed, the oldest ends first.</summary>
public sealed class PrefixCacheTests : IDisposable
{
    const int Block = KvCacheLayout.PageTokens;

    readonly StateCache _state;
    readonly PrefixCache _cache;

    public PrefixCacheTests()
    {
        var memory = new MemoryLedger(1L << 30);
        StateLayout layout = new([new KvCacheLayout(1, 1, 8, KvCacheType.Float32)], null, 64);
        _state = new StateCache(layout, [new CpuKvCache(layout.Kinds[0], 6, memory, withinRoom: false)]);
        _cache = PrefixCache.Create(_state)!;
    }

    public void Dispose() => _state.Dispose();

    KvCache Pages => _state.Kinds[0];

    static int[] Text(int first, int count) => [.. Enumerable.Range(first, count)];

    SequenceState Compute(string salt, int[] tokens)
    {
        var sequence = new SequenceState(_state);
        PrefixCache.Block? last = _cache.Match(salt, tokens, sequence);
        int shared = sequence.Capacity / Block;
        Assert.True(sequence.TryGrow(tokens.Length));
        for (int i = shared; i < tokens.Length / Block; i++)
        {
            last = _cache.Add(salt, last, tokens.AsSpan(i * Block, Block), sequence, i);
        }

        return sequence;
    }

    int Found(string salt, int[] tokens)
    {
        int length = _cache.Length(salt, tokens);
        using var sequence = new SequenceState(_state);
        _cache.Match(salt, tokens, sequence);
        Assert.Equal(length, sequence.Capacity);
        return length;
    }

    [Fact]
    public void A_text_finds_the_whole_blocks_that_it_begins_with()
    {
        Compute("", Text(0, 80)).Dispose();
        Assert.Equal(64, Found("", Text(0, 80)));
        Assert.Equal(64, Found("", Text(0, 64)));
        Assert.Equal(32, Found("", Text(0, 63)));
        Assert.Equal(32, Found("", [.. Text(0, 40), .. Text(7, 40)]));
        Assert.Equal(0, Found("", [.. Text(1, 80)]));
        Assert.Equal(0, Found("", Text(32, 32)));
    }

    [Fact]
    public void Another_salt_finds_nothing()
    {
        Compute("one", Text(0, 32)).Dispose();
        Assert.Equal(32, Found("one", Text(0, 32)));
        Assert.Equal(0, Found("two", Text(0, 32)));
        Assert.Equal(0, Found("", Text(0, 32)));
    }

    [Fact]
    public void Sequences_that_begin_alike_read_the_same_pages_and_write_to_others()
    {
        using SequenceState first = Compute("", Text(0, 40));
        using SequenceState second = Compute("", Text(0, 70));
        Assert.Equal(first.Of(Pages).Page(0), second.Of(Pages).Page(0));
        Assert.NotEqual(first.Of(Pages).Page(1), second.Of(Pages).Page(1));
        Assert.Equal((4, 0), (Pages.PagesInUse, Pages.PagesIdle));
    }

    [Fact]
    public void Pages_of_a_finished_sequence_stay_until_they_are_needed()
    {
        Compute("", Text(0, 96)).Dispose();
        Assert.Equal((0, 3), (Pages.PagesInUse, Pages.PagesIdle));
        using SequenceState other = Compute("", Text(1000, 6 * Block));
        Assert.Equal((6, 0), (Pages.PagesInUse, Pages.PagesIdle));
        Assert.Equal(0, Found("", Text(0, 96)));
    }

    [Fact]
    public void What_was_used_last_stays_longest_and_ends_go_before_beginnings()
    {
        Compute("", Text(0, 64)).Dispose();
        Compute("", Text(1000, 64)).Dispose();
        Found("", Text(0, 64));
        using (Compute("", Text(2000, 96)))
        {
            // Three of six pages are taken, of which two were free: one end has gone, of the text that was not used since.
            Assert.Equal(64, Found("", Text(0, 64)));
            Assert.Equal(32, Found("", Text(1000, 64)));
        }
    }

    [Fact]
    public void Pages_that_a_sequence_holds_are_never_given_up()
    {
        using SequenceState held = Compute("", Text(0, 64));
        var wanting = new SequenceState(_state);
        Assert.False(wanting.TryGrow(5 * Block));
        Assert.True(wanting.TryGrow(4 * Block));
        Assert.Equal(64, Found("", Text(0, 64)));
        wanting.Dispose();
    }

    [Fact]
    public void Two_that_compute_the_same_block_leave_it_once()
    {
        using var first = new SequenceState(_state);
        using var second = new SequenceState(_state);
        Assert.True(first.TryGrow(32) && second.TryGrow(32));
        PrefixCache.Block kept = _cache.Add("", null, Text(0, 32), first, 0);
        Assert.Same(kept, _cache.Add("", null, Text(0, 32), second, 0));
        second.Dispose();
        Assert.Equal(1, Pages.PagesInUse);
    }

    [Fact]
    public void What_follows_a_block_that_has_gone_is_not_kept()
    {
        Compute("", Text(0, 32)).Dispose();
        var reader = new SequenceState(_state);
        PrefixCache.Block gone = _cache.Match("", Text(0, 32), reader)!;
        reader.Dispose();
        Assert.True(Pages.Reclaim!());
        Assert.True(gone.IsForgotten);
        using var late = new SequenceState(_state);
        Assert.True(late.TryGrow(32));
        Assert.Same(gone, _cache.Add("", gone, Text(32, 32), late, 0));
        Assert.Equal(0, Pages.PagesIdle);
    }

    [Fact]
    public void Random_texts_of_few_tokens_find_what_a_list_of_all_texts_finds()
    {
        // With room for all; the pages' numbers stand for what they hold.
        var memory = new MemoryLedger(1L << 30);
        StateLayout layout = new([new KvCacheLayout(1, 1, 8, KvCacheType.Float32), new KvCacheLayout(1, 1, 16, KvCacheType.Float32) { Kind = 1 }], null, 64);
        using var state = new StateCache(layout, [.. layout.Kinds.Select(kind => new CpuKvCache(kind, 4000, memory, withinRoom: false))]);
        PrefixCache cache = PrefixCache.Create(state)!;
        var random = new Random(5);
        List<int[]> texts = [];
        for (int i = 0; i < 200; i++)
        {
            int[] text = [.. Enumerable.Range(0, random.Next(1, 6) * Block + random.Next(Block)).Select((_, at) => at % Block == 0 ? random.Next(2) : 7)];
            int expected = texts.Select(other => Common(text, other) / Block * Block).DefaultIfEmpty(0).Max();
            using var sequence = new SequenceState(state);
            PrefixCache.Block? last = cache.Match("", text, sequence);
            Assert.Equal(expected, sequence.Capacity);
            Assert.True(sequence.TryGrow(text.Length));
            for (int block = expected / Block; block < text.Length / Block; block++)
            {
                last = cache.Add("", last, text.AsSpan(block * Block, Block), sequence, block);
            }

            texts.Add(text);
        }

        Assert.Equal((0, 0), (state.Kinds[0].PagesInUse, state.Kinds[1].PagesInUse));
        Assert.Equal(state.Kinds[0].PagesIdle, state.Kinds[1].PagesIdle);
        while (state.Kinds[0].Reclaim!())
        {
        }

        Assert.Equal((0, 0), (state.Kinds[0].PagesIdle, state.Kinds[1].PagesIdle));

        // Only whole blocks of both are compared.
        static int Common(int[] a, int[] b) => Math.Min(a.AsSpan().CommonPrefixLength(b), Math.Min(a.Length, b.Length / Block * Block));
    }

    [Fact]
    public void A_cache_with_a_window_or_a_recurrent_state_keeps_no_beginnings()
    {
        var memory = new MemoryLedger(1L << 30);
        StateLayout layout = new([new KvCacheLayout(1, 1, 8, KvCacheType.Float32) { Window = 64 }], null, 64);
        using var state = new StateCache(layout, [new CpuKvCache(layout.Kinds[0], 6, memory, withinRoom: false)]);
        Assert.Null(PrefixCache.Create(state));
    }
}
