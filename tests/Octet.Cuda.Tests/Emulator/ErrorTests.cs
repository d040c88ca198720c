using PtxEmulator;

namespace Octet.Cuda.Tests.Emulator;

public class ErrorTests
{
    const string Words = ".shared .align 16 .b8 words[1024];";

    [Theory]
    [InlineData("ld.global.u32 %r0, [%ptr+128];", PtxError.OutOfBounds, 0)]
    [InlineData("ld.global.u32 %r0, [%ptr+-4];", PtxError.OutOfBounds, 0)]
    [InlineData("mul.wide.u32 %rd0, %tid, 8; add.s64 %rd0, %ptr, %rd0; st.global.u32 [%rd0], 1;", PtxError.OutOfBounds, 16)]
    [InlineData("mov.b64 %rd0, 0; st.u32 [%rd0], 1;", PtxError.OutOfBounds, 0)]
    [InlineData("st.shared.u32 [words+1024], %tid;", PtxError.OutOfBounds, 0)]
    [InlineData("mov.u32 %r0, 0; ld.shared.u32 %r1, [%r0];", PtxError.OutOfBounds, 0)]
    [InlineData("ld.global.v2.u32 {%r0, %r1}, [%ptr+4];", PtxError.Misaligned, 0)]
    [InlineData("cvt.u64.u32 %rd0, %tid; add.s64 %rd0, %ptr, %rd0; ld.global.u16 %rs0, [%rd0];", PtxError.Misaligned, 1)]
    [InlineData("ld.shared.u32 %r0, [words];", PtxError.Uninitialized, 0)]
    [InlineData("st.shared.u8 [words], %tid; ld.shared.u16 %rs0, [words];", PtxError.Uninitialized, 0)]
    [InlineData("add.u32 %r0, %r1, 1;", PtxError.Uninitialized, 0)]
    [InlineData("setp.lt.u32 %p0, %tid, 20; @%p0 mov.u32 %r1, 5; add.u32 %r0, %r1, 1;", PtxError.Uninitialized, 20)]
    [InlineData("@%p3 mov.u32 %r1, 5;", PtxError.Uninitialized, 0)]
    [InlineData("setp.lt.u32 %p0, %tid, 20; @%p0 bra L; mov.u32 %r1, 5; L: st.global.u32 [%ptr], %r1;", PtxError.Uninitialized, 0)]
    [InlineData("setp.lt.u32 %p0, %tid, 4; @%p0 bra L; shfl.sync.bfly.b32 %r0, %tid, 1, 31, -1; bra E; L: shfl.sync.bfly.b32 %r0, %tid, 1, 31, -1; E:", PtxError.Divergence, null)]
    [InlineData("setp.lt.u32 %p0, %tid, 4; @%p0 vote.sync.ballot.b32 %r0, %p0, -1;", PtxError.Divergence, null)]
    [InlineData("shfl.sync.bfly.b32 %r0, %tid, 1, 31, 0xffff;", PtxError.Divergence, 16)]
    [InlineData("setp.lt.u32 %p0, %tid, 4; @%p0 bra L; bar.sync 0; L: add.u32 %r0, %tid, 1; bar.sync 1;", PtxError.Divergence, null)]
    [InlineData("LOOP: add.u32 %r0, %tid, 1; bra LOOP;", PtxError.Budget, 0)]
    [InlineData("bar.sync 0, 96;", PtxError.Deadlock, null)]
    [InlineData("bar.sync 16;", PtxError.Misuse, 0)]
    [InlineData("bar.sync 0, 33;", PtxError.Misuse, 0)]
    [InlineData("mov.u32 %r0, words; mbarrier.arrive.shared.b64 _, [%r0];", PtxError.Uninitialized, 0)]
    [InlineData("mov.u32 %r0, words; setp.eq.u32 %p0, %tid, 0; @%p0 mbarrier.init.shared.b64 [%r0], 3; bar.warp.sync -1; mbarrier.arrive.shared.b64 _, [%r0], 4;", PtxError.Misuse, null)]
    [InlineData("mov.u32 %r0, words; setp.eq.u32 %p0, %tid, 0; @%p0 mbarrier.init.shared.b64 [%r0], 1; bar.warp.sync -1; WAIT: mbarrier.try_wait.parity.shared.b64 %p1, [%r0], 0; @%p1 bra E; bra WAIT; E:", PtxError.Deadlock, null)]
    [InlineData("trap;", PtxError.Trap, 0)]
    public void A_broken_rule_ends_the_launch_and_is_told(string body, PtxError error, int? lane)
    {
        var program = new PtxProgram(PtxProgram.Kernel(body, variables: Words), new PtxMachineOptions { InstructionBudget = 100_000 });
        ulong buffer = program.Upload<uint>(new uint[32]);
        PtxException exception = Assert.Throws<PtxException>(() => program.Launch("k", new Dim3(1), new Dim3(32), 0, buffer));
        Assert.Equal(error, exception.Error);
        Assert.Equal("k", exception.Kernel);
        Assert.Equal(new Dim3(0, 0, 0), exception.Block);
        // The body stands on one line of the text.
        Assert.Equal(Array.FindIndex(PtxProgram.Kernel(body, variables: Words).Split('\n'), line => line.Contains(body, StringComparison.Ordinal)) + 1, exception.Line);
        if (lane is { } first)
        {
            Assert.Equal(new Dim3(first, 0, 0), exception.Thread);
        }
    }

    [Theory]
    [InlineData("st.shared.u32 [%r0], %tid; ld.shared.u32 %r2, [%r1];", true)]
    [InlineData("st.shared.u32 [%r0], %tid; bar.sync 0; ld.shared.u32 %r2, [%r1];", false)]
    [InlineData("st.shared.u32 [%r0], %tid; bar.sync 0; ld.shared.u32 %r2, [%r1]; st.shared.u32 [%r0], %r2;", true)]
    [InlineData("st.shared.u32 [%r0], %tid; bar.sync 0; ld.shared.u32 %r2, [%r1]; bar.sync 0; st.shared.u32 [%r0], %r2;", false)]
    [InlineData("st.shared.u32 [words], %tid;", true)]
    [InlineData("st.shared.u32 [%r0], %tid; bar.warp.sync -1; ld.shared.u32 %r2, [%r0];", false)]
    [InlineData("mul.lo.u32 %r3, %tid, 2; mov.u32 %r4, words; add.u32 %r3, %r3, %r4; cvt.u16.u32 %rs0, %tid; st.shared.u16 [%r3], %rs0;", false)]
    [InlineData("shr.u32 %r3, %tid, 5; mov.u32 %r4, words; add.u32 %r3, %r3, %r4; cvt.u16.u32 %rs0, %tid; st.shared.u8 [%r3], %rs0;", false)]
    [InlineData("st.shared.u32 [%r0], %tid; setp.lt.u32 %p0, %tid, 32; @%p0 bra A; bar.arrive 1, 64; bra E; A: bar.sync 1, 64; ld.shared.u32 %r2, [%r1]; E:", false)]
    [InlineData("st.shared.u32 [%r0], %tid; setp.lt.u32 %p0, %tid, 32; @%p0 bra A; bar.sync 1, 64; ld.shared.u32 %r2, [%r1]; bra E; A: bar.sync 1, 64; st.shared.u32 [%r0], 0; E:", true)]
    [InlineData("atom.shared.add.u32 %r2, [zero], 1;", false)]
    public void A_race_in_shared_memory_is_what_no_barrier_orders(string body, bool races)
    {
        const string Address = "mov.u32 %r10, words; mad.lo.u32 %r0, %tid, 4, %r10; xor.b32 %r11, %tid, 32; mad.lo.u32 %r1, %r11, 4, %r10; setp.eq.u32 %p5, %tid, 0; @%p5 st.shared.u32 [zero], 0; st.shared.u32 [%r0], 0; bar.sync 0; ";
        string text = PtxProgram.Kernel(Address + body, variables: Words + ".shared .align 4 .u32 zero;");
        Exception? found = Record.Exception(() => new PtxProgram(text).Launch("k", new Dim3(2), new Dim3(64), 0, 0UL));
        if (races)
        {
            PtxException exception = Assert.IsType<PtxException>(found);
            Assert.Equal(PtxError.Race, exception.Error);
            Assert.Contains("no barrier between", exception.Message, StringComparison.Ordinal);
        }
        else
        {
            Assert.Null(found);
        }

        Assert.Null(Record.Exception(() => new PtxProgram(text, new PtxMachineOptions { DetectRaces = false }).Launch("k", new Dim3(2), new Dim3(64), 0, 0UL)));
    }

    [Fact]
    public void Global_memory_that_nobody_wrote_is_not_read_unless_that_is_allowed()
    {
        string text = PtxProgram.Kernel("ld.global.u32 %r0, [%ptr+4];");
        var program = new PtxProgram(text);
        ulong buffer = program.Memory.Allocate(64, "scores");
        program.Memory.Write(buffer, new byte[7]);
        PtxException exception = Assert.Throws<PtxException>(() => program.Launch("k", new Dim3(1), new Dim3(1), 0, buffer));
        Assert.Equal(PtxError.Uninitialized, exception.Error);
        Assert.Contains("scores", exception.Message, StringComparison.Ordinal);
        var careless = new PtxProgram(text, new PtxMachineOptions { DetectUninitialized = false });
        careless.Launch("k", new Dim3(1), new Dim3(1), 0, careless.Memory.Allocate(64));
    }

    [Theory]
    [InlineData("frobnicate.u32 %r0, %tid;", "sm_80", "8.4", PtxError.UnknownInstruction)]
    [InlineData("add.purple.u32 %r0, %tid, 1;", "sm_80", "8.4", PtxError.UnknownInstruction)]
    [InlineData("add.u64 %r0, %tid, 1;", "sm_80", "8.4", PtxError.UnknownInstruction)]
    [InlineData("mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%rd0}, {%rd1}, {%rd2}, {%rd3};", "sm_80", "8.4", PtxError.UnknownInstruction)]
    [InlineData("mov.u32 %r0, %nothing;", "sm_80", "8.4", PtxError.Syntax)]
    [InlineData("bra NOWHERE;", "sm_80", "8.4", PtxError.Syntax)]
    [InlineData("add.u32 %r0, %tid 1;", "sm_80", "8.4", PtxError.Syntax)]
    [InlineData("cvt.rn.satfinite.e4m3x2.f32 %rs0, 0f00000000, 0f00000000;", "sm_80", "8.4", PtxError.NotInTarget)]
    [InlineData("cvt.rn.satfinite.e4m3x2.f32 %rs0, 0f00000000, 0f00000000;", "sm_89", "8.0", PtxError.NotInTarget)]
    [InlineData("cvt.rn.satfinite.e4m3x2.f32 %rs0, 0f00000000, 0f00000000;", "sm_89", "8.1", null)]
    [InlineData("cvt.rn.satfinite.e4m3x2.f32 %rs0, 0f00000000, 0f00000000;", "sm_90", "7.8", null)]
    [InlineData("mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32 {%f0,%f1,%f2,%f3}, {%r0,%r1,%r2,%r3}, {%r4,%r5}, {%f0,%f1,%f2,%f3};", "sm_89", "8.3", PtxError.NotInTarget)]
    [InlineData("mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32 {%f0,%f1,%f2,%f3}, {%r0,%r1,%r2,%r3}, {%r4,%r5}, {%f0,%f1,%f2,%f3};", "sm_80", "8.4", PtxError.NotInTarget)]
    [InlineData("mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32 {%f0,%f1,%f2,%f3}, {%r0,%r1,%r2,%r3}, {%r4,%r5}, {%f0,%f1,%f2,%f3};", "sm_89", "8.4", null)]
    [InlineData("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%f0,%f1,%f2,%f3}, {%r0,%r1,%r2,%r3}, {%r4,%r5}, {%f0,%f1,%f2,%f3};", "sm_75", "7.0", PtxError.NotInTarget)]
    [InlineData("wgmma.fence.sync.aligned;", "sm_90", "8.0", PtxError.NotInTarget)]
    [InlineData("wgmma.fence.sync.aligned;", "sm_90a", "8.0", null)]
    [InlineData("wgmma.fence.sync.aligned;", "sm_100a", "8.6", PtxError.NotInTarget)]
    [InlineData("cp.async.wait_all;", "sm_75", "7.0", PtxError.NotInTarget)]
    [InlineData("griddepcontrol.wait;", "sm_80", "8.4", PtxError.NotInTarget)]
    [InlineData("mbarrier.try_wait.parity.shared.b64 %p0, [%r0], 0;", "sm_80", "8.4", PtxError.NotInTarget)]
    [InlineData("mbarrier.test_wait.parity.shared.b64 %p0, [%r0], 0;", "sm_80", "8.4", null)]
    [InlineData("ret;", "sm_90a", "7.8", PtxError.NotInTarget)]
    public void What_a_module_may_not_hold_is_refused_when_it_is_read(string body, string target, string version, PtxError? error)
    {
        string text = PtxProgram.Kernel(body, target, version);
        if (error is null)
        {
            Assert.Single(PtxModule.Parse(text).Kernels);
            return;
        }

        PtxException exception = Assert.Throws<PtxException>(() => PtxModule.Parse(text));
        Assert.Equal(error, exception.Error);
        Assert.InRange(exception.Line, 1, 20);
    }

    [Fact]
    public void A_launch_that_the_kernel_does_not_allow_is_refused()
    {
        string text = PtxProgram.Kernel("bar.sync 0;", variables: Words).Replace("k(.param .u64 pointer)", "k(.param .u64 pointer)\n.maxntid 64, 1, 1", StringComparison.Ordinal);
        var program = new PtxProgram(text);
        Assert.Equal((1024, 8, 64), (program.Module.Kernels["k"].StaticSharedBytes, program.Module.Kernels["k"].ParameterBytes, program.Module.Kernels["k"].MaxThreads));
        var machine = new PtxMachine(program.Memory);
        Refused(() => program.Launch("k", new Dim3(1), new Dim3(65), 0, 0UL));
        Refused(() => program.Launch("k", new Dim3(0), new Dim3(32), 0, 0UL));
        Refused(() => program.Launch("k", new Dim3(1), new Dim3(32), 232 * 1024, 0UL));
        Refused(() => machine.Launch(program.Module.Kernels["k"], new Dim3(1), new Dim3(32), 0, new byte[7]));
        program.Launch("k", new Dim3(1), new Dim3(64), 200 * 1024, 0UL);

        static void Refused(Action launch) => Assert.Equal(PtxError.Launch, Assert.Throws<PtxException>(launch).Error);
    }

    [Fact]
    public void The_host_reads_and_writes_only_what_is_there()
    {
        var memory = new DeviceMemory();
        ulong first = memory.Allocate(100, "first");
        ulong second = memory.Allocate(100);
        Assert.True(second - first >= 612 && first >= 0x7f00_0000_0000);
        Assert.Equal(200, memory.BytesInUse);
        Assert.Equal(PtxError.OutOfBounds, Assert.Throws<PtxException>(() => memory.Write(first + 50, new byte[51])).Error);
        Assert.Equal(PtxError.Uninitialized, Assert.Throws<PtxException>(() => memory.Read(first, new byte[4])).Error);
        memory.Read(first, new byte[4], allowUnwritten: true);
        memory.Fill(first, 7, 10);
        memory.Copy(second, first, 10);
        byte[] bytes = new byte[10];
        memory.Read(second, bytes);
        Assert.All(bytes, value => Assert.Equal(7, value));
        memory.Free(first);
        Assert.Equal(100, memory.BytesInUse);
        Assert.Equal(PtxError.OutOfBounds, Assert.Throws<PtxException>(() => memory.Read(first, bytes)).Error);
        Assert.Equal(PtxError.OutOfBounds, Assert.Throws<PtxException>(() => memory.Free(first)).Error);
    }

    [Fact]
    public void Of_blocks_that_fail_the_first_is_told()
    {
        var program = new PtxProgram(PtxProgram.Kernel("mov.u32 %r0, %ctaid.x; setp.lt.u32 %p0, %r0, 3; @%p0 ret; trap;"));
        PtxException exception = Assert.Throws<PtxException>(() => program.Launch("k", new Dim3(9), new Dim3(32), 0, 0UL));
        Assert.Equal(new Dim3(3, 0, 0), exception.Block);
    }

    [Fact]
    public void Blocks_wait_for_one_another_only_in_a_cooperative_launch()
    {
        const string Body = """
            red.release.gpu.global.add.u32 [%ptr], 1;
            WAIT: ld.acquire.gpu.global.u32 %r0, [%ptr]; setp.lt.u32 %p0, %r0, 128; @%p0 bra WAIT;
            """;
        var program = new PtxProgram(PtxProgram.Kernel(Body));
        ulong buffer = program.Upload<uint>(0);
        var machine = new PtxMachine(program.Memory, new PtxMachineOptions { InstructionBudget = 200_000 });
        PtxException alone = Assert.Throws<PtxException>(() => machine.Launch(program.Module.Kernels["k"], new Dim3(4), new Dim3(32), 0, BitConverter.GetBytes(buffer)));
        Assert.Equal(PtxError.Budget, alone.Error);
        program.Memory.Fill(buffer, 0, 4);
        machine.Launch(program.Module.Kernels["k"], new Dim3(4), new Dim3(32), 0, BitConverter.GetBytes(buffer), cooperative: true);
    }
}
