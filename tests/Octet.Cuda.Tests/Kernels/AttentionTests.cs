using PtxEmulator;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>Attention over pages, of every type and many shapes, against its definition in double precision.</summary>
public class AttentionTests
{
    // Queries and weights of the softmax keep 16 bits over bfloat16.
    const double Tolerance = 3e-5;

    [Theory]
    [InlineData("sm_80")]
    [InlineData("sm_89")]
    [InlineData("sm_90a")]
    public void Tokens_that_decode_attend_to_all_before_them(string target)
    {
        // Pages that end early, that are full, and a sequence of one token.
        var text = new CachedText(target, "bf16", heads: 2, group: 4, size: 64, (45, 1), (64, 1), (1, 1));
        text.Store();
        text.AssertAttended(Tolerance);
    }

    [Theory]
    [InlineData("sm_80", 32, 2)]
    [InlineData("sm_80", 80, 1)]
    [InlineData("sm_80", 96, 3)]
    [InlineData("sm_80", 128, 8)]
    [InlineData("sm_90a", 128, 8)]
    [InlineData("sm_80", 256, 2)]
    [InlineData("sm_90a", 256, 2)]
    public void Heads_of_other_sizes_are_padded_in_registers(string target, int size, int group)
    {
        var text = new CachedText(target, "bf16", heads: 1, group, size, (70, 1), (5, 2));
        text.Store();
        text.AssertAttended(Tolerance);
    }

    [Fact]
    public void Tokens_of_a_prompt_see_no_token_behind_them()
    {
        var text = new CachedText("sm_80", "bf16", heads: 2, group: 2, size: 32, (70, 41), (33, 3));
        text.Store();
        text.AssertAttended(Tolerance);
    }

    [Theory]
    [InlineData("sm_80", 64, 4, 0)]
    [InlineData("sm_89", 32, 2, 0)]
    [InlineData("sm_90a", 128, 3, 40)]
    [InlineData("sm_80", 80, 9, 33)]
    public void Tokens_of_a_prompt_share_the_pages_that_they_attend_to(string target, int size, int group, int window)
    {
        var text = new CachedText(target, "bf16", heads: 2, group, size, (90, 31), (9, 9));
        text.Store();
        text.AssertAttended(Tolerance, window, sinks: window > 0, many: true);
    }

    [Theory]
    [InlineData("sm_80", "e4m3", 72, 4, 0)]
    [InlineData("sm_89", "e4m3", 128, 4, 40)]
    [InlineData("sm_90a", "e5m2", 96, 2, 0)]
    public void Tokens_of_a_prompt_share_pages_of_8_bits_too(string target, string type, int size, int group, int window)
    {
        var text = new CachedText(target, type, heads: 2, group, size, (90, 21), (9, 9));
        text.Store();
        text.AssertAttended(3e-6, window, sinks: window > 0, many: true);
    }

    [Theory]
    [InlineData(128, 4, 0, false)]
    [InlineData(64, 2, 0, true)]
    [InlineData(128, 3, 40, true)]
    [InlineData(64, 8, 200, false)]
    [InlineData(128, 18, 33, true)]
    public void Warpgroups_attend_with_tokens_of_prompts(int size, int group, int window, bool sinks)
    {
        // Pages that end early and one that is full; tiles that are not; chunks behind a cache, a whole prompt, and rows that begin a page.
        var text = new CachedText("sm_90a", "bf16", heads: 2, group, size, (290, 45), (9, 9), (64, 32));
        text.Store();
        text.AssertAttended(Tolerance, window, sinks, wide: true);
    }

    [Fact]
    public void Rings_of_warpgroups_go_round_behind_a_long_cache()
    {
        var text = new CachedText("sm_90a", "bf16", heads: 1, group: 1, size: 64, (700, 2));
        text.Store();
        text.AssertAttended(Tolerance, wide: true);
        text.AssertAttended(Tolerance, window: 650, wide: true);
    }

    /// <summary>The place counts from the kernel's beginning. The first wait is that of who copies, for a stage that nobody reads, the second that of who multiplies.</summary>
    [Theory]
    [InlineData("mbarrier.try_wait", 0, "setp.eq.u32 ended, 0, 0;", PtxError.Deadlock)]
    [InlineData("mbarrier.try_wait", 1, "setp.eq.u32 ended, 0, 0;", PtxError.Uninitialized)]
    [InlineData("mbarrier.arrive.shared", 0, "", PtxError.Deadlock)]
    [InlineData("mbarrier.arrive.shared", 1, "", PtxError.Deadlock)]
    [InlineData("mbarrier.arrive.shared", 2, "", PtxError.Deadlock)]
    [InlineData("cp.async.wait_group", 1, "", PtxError.Uninitialized)]
    [InlineData("fence.proxy.async", 1, "", PtxError.Misuse)]
    [InlineData("fence.proxy.async", 2, "", PtxError.Misuse)]
    [InlineData("bar.sync", 0, "", PtxError.Race)]
    public void Warpgroups_without_their_synchronisation_are_found_out(string instruction, int place, string instead, PtxError error)
    {
        var card = new KernelCard("sm_90a", edit: text => text.Contains("attend_wide", StringComparison.Ordinal) ? KernelCard.Edited(text, "attend_wide_64", instruction, place, instead) : text);
        var cached = new CachedText(card, "bf16", heads: 1, group: 1, size: 64, (400, 2));
        cached.Store();
        PtxException found = Assert.Throws<PtxException>(() => cached.AssertAttended(Tolerance, wide: true));
        Assert.True(error == found.Error, found.Message);
    }

    [Fact]
    public void More_heads_than_a_block_has_are_other_blocks()
    {
        var text = new CachedText("sm_80", "bf16", heads: 1, group: 12, size: 32, (40, 2));
        text.Store();
        text.AssertAttended(Tolerance);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(33)]
    [InlineData(100)]
    public void A_window_hides_what_is_before_it(int window)
    {
        var text = new CachedText("sm_80", "bf16", heads: 1, group: 4, size: 32, (170, 3), (10, 1));
        text.Store();
        text.AssertAttended(Tolerance, window);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(7)]
    public void Splits_are_joined_those_without_pages_too(int splits)
    {
        var text = new CachedText("sm_80", "bf16", heads: 2, group: 4, size: 32, (500, 1), (3, 1));
        text.Store();
        text.AssertAttended(Tolerance, splits: splits);
        text.AssertAttended(Tolerance, window: 130, sinks: true, splits: splits);
    }

    [Fact]
    public void A_sink_takes_its_part_of_the_softmax()
    {
        var text = new CachedText("sm_80", "bf16", heads: 2, group: 2, size: 32, (40, 2), (1, 1));
        text.Store();
        text.AssertAttended(Tolerance, sinks: true);
    }

    [Theory]
    [InlineData("sm_80", "e4m3", 64, 4)]
    [InlineData("sm_89", "e4m3", 128, 4)]
    [InlineData("sm_90a", "e5m2", 80, 2)]
    [InlineData("sm_80", "e5m2", 256, 1)]
    [InlineData("sm_90a", "e4m3", 256, 1)]
    public void Codes_of_8_bits_are_read_with_their_scales(string target, string type, int size, int group)
    {
        var text = new CachedText(target, type, heads: 2, group, size, (45, 1), (33, 2));
        text.Store();
        text.AssertAttended(3e-6);
    }

    [Theory]
    [InlineData("sm_80", 64, 0, false)]
    [InlineData("sm_89", 96, 40, true)]
    public void A_float32_cache_loses_nothing(string target, int size, int window, bool sinks)
    {
        var text = new CachedText(target, "f32", heads: 2, group: 2, size, (70, 2), (2, 1));
        text.Store();
        text.AssertAttended(2e-6, window, sinks);
    }

    [Theory]
    [InlineData("sm_80", "bf16", 64, 4, false, false, 0.7f)]
    [InlineData("sm_89", "e4m3", 256, 2, false, false, 0.7f)]
    [InlineData("sm_90a", "bf16", 256, 2, false, false, 50)]
    [InlineData("sm_80", "bf16", 128, 2, true, false, 0.7f)]
    [InlineData("sm_90a", "e5m2", 96, 2, true, false, 0.7f)]
    [InlineData("sm_80", "f32", 64, 2, false, false, 0.7f)]
    public void Scores_are_kept_below_a_soft_cap(string target, string type, int size, int group, bool many, bool sinks, float cap)
    {
        var text = new CachedText(target, type, heads: 1, group, size, (70, 9), (5, 2));
        text.Store();
        text.AssertAttended(Tolerance, sinks: sinks, many: many, cap: cap);
        text.AssertAttended(Tolerance, window: 40, sinks: true, many: many, cap: cap);
    }

    [Theory]
    [InlineData("sm_80", "bf16", 64, false, false, 1)]
    [InlineData("sm_89", "e4m3", 128, true, false, 1)]
    [InlineData("sm_90a", "bf16", 128, false, true, 1)]
    [InlineData("sm_80", "bf16", 64, false, false, 3)]
    [InlineData("sm_89", "f32", 64, false, false, 1)]
    public void Chunks_hide_what_is_before_them(string target, string type, int size, bool many, bool wide, int splits)
    {
        // Positions on both sides of a chunk's beginning, within pages and at their edges.
        var text = new CachedText(target, type, heads: 1, group: 2, size, (132, 41), (97, 2), (10, 3));
        text.Store();
        text.AssertAttended(Tolerance, window: -48, many: many, wide: wide, splits: splits);
        text.AssertAttended(Tolerance, window: -64, many: many, wide: wide, splits: splits);
        text.AssertAttended(Tolerance, window: -4000, many: many, wide: wide, splits: splits);
    }

    [Theory]
    [InlineData("sm_80", "bf16", 512, 8, 8)]
    [InlineData("sm_89", "bf16", 264, 3, 8)]
    [InlineData("sm_90a", "bf16", 512, 2, 1)]
    [InlineData("sm_80", "e4m3", 512, 3, 8)]
    [InlineData("sm_90a", "e4m3", 512, 4, 1)]
    [InlineData("sm_89", "e5m2", 328, 5, 8)]
    [InlineData("sm_80", "f32", 512, 2, 1)]
    public void Four_warps_share_the_dimensions_of_wide_heads(string target, string type, int size, int group, int tokens)
    {
        var text = new CachedText(target, type, heads: 2, group, size, (70, tokens == 1 ? 1 : 11), (64, 1), (5, tokens == 1 ? 1 : 2));
        text.Store();
        text.AssertAttended(type == "bf16" ? Tolerance : 3e-6, tokens: tokens);
        text.AssertAttended(Tolerance, window: 33, sinks: true, tokens: tokens, cap: 0.7f, splits: type == "f32" ? 1 : 3);
        text.AssertAttended(Tolerance, window: -40, tokens: tokens);
    }
}
