using PtxEmulator;

namespace Octet.Cuda.Tests.Emulator;

/// <summary>What orders accesses to memory and what does not: of each rule a program that breaks it and one that keeps it.</summary>
public class OrderTests
{
    const string Words = ".shared .align 128 .b8 words[1024];";

    // In %r0 the lane's word, in %r1 its neighbour's.
    const string Neighbours = "mov.u32 %r10, words; mad.lo.u32 %r0, %tid, 4, %r10; xor.b32 %r11, %tid, 1; mad.lo.u32 %r1, %r11, 4, %r10; ";

    /// <summary>Lanes of a warp do not run in step (PTX ISA, "SIMT architecture", "bar.warp.sync").</summary>
    [Theory]
    [InlineData("st.shared.u32 [%r0], %tid; ld.shared.u32 %r2, [%r1];", true)]
    [InlineData("st.shared.u32 [%r0], %tid; bar.warp.sync -1; ld.shared.u32 %r2, [%r1];", false)]
    [InlineData("st.shared.u32 [%r0], %tid; bar.sync 0; ld.shared.u32 %r2, [%r1];", false)]
    [InlineData("st.shared.u32 [%r0], %tid; shfl.sync.bfly.b32 %r3, %tid, 1, 31, -1; ld.shared.u32 %r2, [%r1];", true)]
    [InlineData("st.shared.u32 [%r0], %tid; ld.shared.u32 %r2, [%r0];", false)]
    [InlineData("st.shared.u32 [%r0], %tid; bar.warp.sync -1; ld.shared.u32 %r2, [%r1]; st.shared.u32 [%r0], %r2;", true)]
    [InlineData("st.shared.u32 [%r0], %tid; bar.warp.sync -1; ld.shared.u32 %r2, [%r1]; bar.warp.sync -1; st.shared.u32 [%r0], %r2;", false)]
    [InlineData("st.shared.u32 [%r0], %tid; st.shared.u32 [%r1], %tid;", true)]
    [InlineData("st.shared.u32 [words], %tid;", false)]
    [InlineData("st.shared.u32 [words], %tid; ld.shared.u32 %r2, [words];", true)]
    [InlineData("add.u32 %r4, %r10, %tid; st.shared.u8 [%r4], %tid; ld.shared.u8 %r2, [%r4];", false)]
    [InlineData("st.shared.u32 [%r0], %tid; ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r2}, [words];", true)]
    [InlineData("st.shared.u32 [%r0], %tid; bar.warp.sync -1; ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r2}, [words];", false)]
    public void Lanes_see_one_another_behind_a_barrier_alone(string body, bool races) => Check(Neighbours + body, races ? PtxError.Race : null);

    /// <summary>PTX ISA, "cp.async.wait_group": what was not waited for may come at any time, and only the lane that waited sees it.</summary>
    [Theory]
    [InlineData("cp.async.ca.shared.global [%r0], [%ptr], 4; cp.async.commit_group; ld.shared.u32 %r2, [%r0];", PtxError.Uninitialized)]
    [InlineData("st.shared.u32 [%r0], 1; cp.async.ca.shared.global [%r0], [%ptr], 4; cp.async.commit_group; ld.shared.u32 %r2, [%r0];", PtxError.Race)]
    [InlineData("cp.async.ca.shared.global [%r0], [%ptr], 4; cp.async.commit_group; cp.async.wait_group 0; ld.shared.u32 %r2, [%r0];", null)]
    [InlineData("cp.async.ca.shared.global [%r0], [%ptr], 4; cp.async.wait_group 0; st.shared.u32 [%r0], 1;", PtxError.Race)]
    [InlineData("cp.async.ca.shared.global [%r0], [%ptr], 4; cp.async.wait_all; ld.shared.u32 %r2, [%r1];", PtxError.Race)]
    [InlineData("cp.async.ca.shared.global [%r0], [%ptr], 4; cp.async.wait_all; bar.warp.sync -1; ld.shared.u32 %r2, [%r1];", null)]
    [InlineData("st.shared.u32 [%r0], 1; bar.warp.sync -1; ld.shared.u32 %r2, [%r1]; cp.async.ca.shared.global [%r0], [%ptr], 4; cp.async.wait_all;", PtxError.Race)]
    public void Copies_are_waited_for_and_then_shown_to_others(string body, PtxError? error) => Check(Neighbours + body, error);

    /// <summary>PTX ISA, "mbarrier.arrive": it releases what its own thread did, and what that has seen of others.</summary>
    [Theory]
    [InlineData("", PtxError.Race)]
    [InlineData("bar.warp.sync -1;", null)]
    public void A_lane_that_arrives_for_its_warp_comes_together_with_it_first(string meeting, PtxError? error) => Check(
        $$"""
        mov.u32 %r12, barrier; mov.u32 %r10, words; mad.lo.u32 %r0, %tid, 4, %r10;
        setp.eq.u32 %p0, %tid, 0; @%p0 mbarrier.init.shared.b64 [%r12], 1;
        bar.sync 0;
        setp.ge.u32 %p1, %tid, 32; @%p1 bra READ;
        st.shared.u32 [%r0], %tid; {{meeting}}
        @%p0 mbarrier.arrive.shared.b64 _, [%r12];
        bra END;
        READ: mbarrier.try_wait.parity.shared.b64 %p2, [%r12], 0; @!%p2 bra READ;
        ld.shared.u32 %r2, [%r0+-128];
        END:
        """,
        error,
        threads: 64);

    /// <summary>PTX ISA, "Memory consistency model": blocks are ordered by nothing but what acquires and releases, warps of one by its barriers.</summary>
    [Theory]
    [InlineData("st.global.u32 [%rd0], %tid; ld.global.u32 %r2, [%rd1];", 1, PtxError.Race)]
    [InlineData("st.global.u32 [%rd0], %tid; bar.sync 0; ld.global.u32 %r2, [%rd1];", 1, null)]
    [InlineData("st.global.u32 [%rd0], 5; bar.sync 0; ld.global.u32 %r2, [%rd1]; st.global.u32 [%rd0], 6;", 1, PtxError.Race)]
    [InlineData("st.global.u32 [%rd0], 5; bar.sync 0; ld.global.u32 %r2, [%rd1]; bar.sync 0; st.global.u32 [%rd0], 6;", 1, null)]
    [InlineData("mov.u32 %r5, %ctaid.x; st.global.u32 [%rd0], %r5;", 2, PtxError.Race)]
    [InlineData("st.global.u32 [%rd0], 7;", 2, null)]
    [InlineData("mov.u32 %r5, %ctaid.x; setp.eq.u32 %p0, %r5, 0; @%p0 st.global.u32 [%rd0], %r5; @!%p0 ld.global.u32 %r2, [%rd1];", 2, PtxError.Race)]
    [InlineData("cvt.u64.u32 %rd3, %tid; add.s64 %rd3, %ptr, %rd3; st.global.u8 [%rd3], %tid;", 1, null)]
    public void Global_memory_is_ordered_by_barriers_within_a_block_and_by_nothing_between_blocks(string body, int blocks, PtxError? error) => Check(
        "xor.b32 %r11, %tid, 32; mul.wide.u32 %rd0, %tid, 4; add.s64 %rd0, %ptr, %rd0; mul.wide.u32 %rd1, %r11, 4; add.s64 %rd1, %ptr, %rd1; " + body,
        error,
        threads: 64,
        blocks: blocks);

    const string Barrier = """
        mov.u32 %r10, words; mov.u32 %r12, barrier; setp.eq.u32 %p0, %tid, 0; @!%p0 ret;
        mbarrier.init.shared.b64 [%r12], 1;
        """;

    const string Fetch = "mbarrier.arrive.expect_tx.shared.b64 _, [%r12], 64; cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r10], [%ptr], 64, [%r12];";

    /// <summary>PTX ISA, "Async proxy": ordinary writes reach it by <c>fence.proxy.async</c>, of the space that was written.</summary>
    [Theory]
    [InlineData("fence.proxy.async;" + Fetch, null)]
    [InlineData("fence.mbarrier_init.release.cluster;" + Fetch, null)]
    [InlineData(Fetch, PtxError.Misuse)]
    [InlineData("fence.proxy.async.global;" + Fetch, PtxError.Misuse)]
    [InlineData("st.global.u32 [%ptr], 1; fence.proxy.async;" + Fetch, null)]
    [InlineData("st.global.u32 [%ptr], 1; fence.proxy.async.global; fence.proxy.async.shared::cta;" + Fetch, null)]
    [InlineData("st.global.u32 [%ptr], 1; fence.proxy.async.shared::cta;" + Fetch, PtxError.Race)]
    [InlineData("fence.proxy.async; st.global.u32 [%ptr], 1;" + Fetch, PtxError.Race)]
    [InlineData("st.shared.v4.u32 [%r10], {1, 2, 3, 4}; fence.proxy.async.global; cp.async.bulk.global.shared::cta.bulk_group [%ptr], [%r10], 16;", PtxError.Misuse)]
    [InlineData("st.shared.v4.u32 [%r10], {1, 2, 3, 4}; fence.proxy.async.shared::cta; cp.async.bulk.global.shared::cta.bulk_group [%ptr], [%r10], 16;", null)]
    [InlineData("fence.proxy.async; mbarrier.expect_tx.relaxed.cta.shared.b64 [%r12], 1048575;", null)]
    [InlineData("fence.proxy.async; mbarrier.expect_tx.relaxed.cta.shared.b64 [%r12], 1048576;", PtxError.Misuse)]
    public void The_asynchronous_proxy_sees_what_was_fenced_for_it(string body, PtxError? error) => Check(Barrier + body, error);

    static void Check(string body, PtxError? error, int threads = 32, int blocks = 1)
    {
        string text = PtxProgram.Kernel(body, variables: Words + ".shared .align 8 .b64 barrier;");
        var program = new PtxProgram(text, new PtxMachineOptions { HostThreads = 1 });
        Exception? found = Record.Exception(() => program.Launch("k", new Dim3(blocks), new Dim3(threads), 0, program.Upload<uint>(new uint[128])));
        Assert.True((found as PtxException)?.Error == error && found is null == error is null, $"expected {error?.ToString() ?? "nothing"}, found {found}");
    }
}
