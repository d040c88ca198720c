using PtxEmulator;

namespace Octet.Cuda.Tests.Emulator;

/// <summary>
/// What products of a warpgroup ask of the instructions around them (PTX ISA, "wgmma.fence", "wgmma.wait_group", "wgmma.mma_async"): of each rule programs that
/// break it and programs that keep it.
/// </summary>
public class ProductOrderTests
{
    const string Fence = "wgmma.fence.sync.aligned;";
    const string Commit = "wgmma.commit_group.sync.aligned;";
    const string Wait = "wgmma.wait_group.sync.aligned 0;";

    // Sums in %f0 to %f3, or %f4 to %f7; rows in shared memory, or in %r20 to %r23.
    const string Product = "wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%f0,%f1,%f2,%f3}, %rd3, %rd3, 1, 1, 1, 0, 0;";
    const string Other = "wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%f4,%f5,%f6,%f7}, %rd3, %rd3, 1, 1, 1, 0, 0;";
    const string OfRegisters = "wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%f0,%f1,%f2,%f3}, {%r20,%r21,%r22,%r23}, %rd3, 1, 1, 1, 0;";

    [Theory]
    [InlineData(Fence + Product + Commit + Wait + "add.f32 %f8, %f0, %f1;", null)]
    [InlineData(Product + Commit + Wait, "before the first")]
    [InlineData(Fence + "mov.f32 %f0, 0f00000000;" + Product + Commit + Wait, "wgmma.fence is missing between")]
    [InlineData(Fence + "add.f32 %f8, %f0, %f0;" + Product + Commit + Wait, "wgmma.fence is missing between")]
    [InlineData(Fence + Product + Product + Commit + Wait, null)]
    [InlineData(Fence + Product + Commit + Product + Commit + Wait, null)]
    [InlineData(Fence + Product + Commit + Wait + Product + Commit + Wait, null)]
    [InlineData(Fence + Product + Commit + Wait + "add.f32 %f8, %f0, %f0;" + Product + Commit + Wait, "wgmma.fence is missing between")]
    [InlineData(Fence + Product + Commit + Wait + "add.f32 %f8, %f0, %f0;" + Fence + Product + Commit + Wait, null)]
    [InlineData(Fence + OfRegisters + Commit + Wait + "add.u32 %r20, %r20, 1;" + OfRegisters + Commit + Wait, "wgmma.fence is missing between")]
    [InlineData(Fence + OfRegisters + Commit + Wait + "add.u32 %r20, %r20, 1;" + Fence + OfRegisters + Commit + Wait, null)]
    public void Registers_that_were_touched_need_a_fence(string body, string? message) => Check(body, message);

    [Theory]
    [InlineData(Fence + Product + Commit + "add.f32 %f8, %f0, %f0;" + Wait)]
    [InlineData(Fence + Product + Commit + "mov.f32 %f0, 0f00000000;" + Wait)]
    [InlineData(Fence + Product + Wait + "add.f32 %f8, %f0, %f0;")]
    [InlineData(Fence + Product + Commit + "add.f32 %f8, %f0, %f0;")]
    [InlineData(Fence + Product + Commit + "mov.f32 %f8, %f0; add.f32 %f9, %f8, %f8;" + Wait)]
    [InlineData(Fence + OfRegisters + Commit + "add.u32 %r20, %r20, 1;" + Wait)]
    [InlineData(Fence + OfRegisters + Commit + "add.u32 %r24, %r20, 1;" + Wait)]
    [InlineData(Fence + Product + Commit + Other + Commit + "wgmma.wait_group.sync.aligned 1; add.f32 %f8, %f4, %f4;" + Wait)]
    public void Registers_of_products_are_theirs_until_the_wait(string body) => Check(body, "until wgmma.wait_group");

    [Theory]
    [InlineData(Fence + Product + Commit + Other + Commit + "wgmma.wait_group.sync.aligned 1; add.f32 %f8, %f0, %f0;" + Wait)]
    [InlineData(Fence + Product + Commit + "mov.f32 %f8, %f0;" + Wait + "add.f32 %f9, %f8, %f8;")]
    [InlineData(Fence + Product + Commit + "add.u32 %r20, %r20, 1;" + Wait)]
    public void What_others_have_or_the_wait_gave_back_may_be_touched(string body) => Check(body, null);

    [Theory]
    [InlineData(Fence + Product + Commit + "st.shared.u32 [%r1], 0;" + Wait, "with no barrier between")]
    [InlineData(Fence + Product + Commit + "bar.sync 0; st.shared.u32 [%r1], 0; bar.sync 0;" + Wait, "was written to while")]
    [InlineData(Fence + Product + Commit + Wait + "bar.sync 0; st.shared.u32 [%r1], 0;", null)]
    public void Matrices_stay_as_they_are_until_the_wait(string body, string? message) => Check(body, message);

    [Theory]
    [InlineData("fence.proxy.async; bar.sync 0;", null)]
    [InlineData("fence.proxy.async.shared::cta; bar.sync 0;", null)]
    [InlineData("fence.proxy.async.global; bar.sync 0;", "fence.proxy.async is missing between")]
    [InlineData("bar.sync 0;", "fence.proxy.async is missing between")]
    [InlineData("fence.proxy.async;", "no barrier between")]
    [InlineData("setp.eq.u32 %p1, %tid, 0; @%p1 fence.proxy.async; bar.sync 0;", "fence.proxy.async is missing between")]
    public void Matrices_that_were_stored_are_fenced(string between, string? message) => Check(Fence + Product + Commit + Wait, message, between);

    [Theory]
    [InlineData("setp.lt.u32 %p1, %tid, 96; @!%p1 bra END;" + Fence + Product + Commit + Wait + "END:")]
    [InlineData("setp.lt.u32 %p1, %tid, 96; @!%p1 bra END; setmaxnreg.dec.sync.aligned.u32 40; END:")]
    public void All_warps_of_a_warpgroup_go_the_same_way(string body) => Check(body, "have not executed the same");

    [Fact]
    public void A_matrix_begins_in_the_first_row_of_its_pattern()
    {
        Check("mov.b64 %rd4, 0x4000000000000002; add.s64 %rd3, %rd3, %rd4;" + Fence + Product + Commit + Wait, null);
        Check("mov.b64 %rd4, 0x4000000000000008; add.s64 %rd3, %rd3, %rd4;" + Fence + Product + Commit + Wait, "within a swizzle's pattern");
    }

    static void Check(string body, string? message, string between = "fence.proxy.async; bar.sync 0;")
    {
        // Eight rows of 16 bytes lie together: 128 bytes on along K, 256 to the next eight rows.
        string start = $$"""
            mov.u32 %r0, words; mad.lo.u32 %r1, %tid, 32, %r0; mov.u32 %r2, 0;
            st.shared.v4.u32 [%r1], {%r2, %r2, %r2, %r2}; st.shared.v4.u32 [%r1+16], {%r2, %r2, %r2, %r2}; {{between}}
            shr.u32 %r3, %r0, 4; cvt.u64.u32 %rd2, %r3; mov.b64 %rd3, 0x0000001000080000; add.s64 %rd3, %rd3, %rd2;
            mov.b32 %r20, 0; mov.b32 %r21, 0; mov.b32 %r22, 0; mov.b32 %r23, 0;
            mov.f32 %f0, 0f00000000; mov.f32 %f1, 0f00000000; mov.f32 %f2, 0f00000000; mov.f32 %f3, 0f00000000;
            mov.f32 %f4, 0f00000000; mov.f32 %f5, 0f00000000; mov.f32 %f6, 0f00000000; mov.f32 %f7, 0f00000000;
            """;
        var program = new PtxProgram(PtxProgram.Kernel(start + body, variables: ".shared .align 1024 .b8 words[4096];"));
        Exception? found = Record.Exception(() => program.Launch("k", new Dim3(1), new Dim3(128), 0, 0UL));
        Assert.True(message is null == found is null && (message is null || found is PtxException error && error.Message.Contains(message, StringComparison.Ordinal)), $"expected {message ?? "nothing"}, found {found}");
    }
}
