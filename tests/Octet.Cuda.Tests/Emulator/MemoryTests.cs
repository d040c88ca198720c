using PtxEmulator;

namespace Octet.Cuda.Tests.Emulator;

public class MemoryTests
{
    [Fact]
    public void Loads_extend_by_sign_or_zero_and_stores_keep_the_low_bits()
    {
        uint[] result = PtxProgram.Run(
            """
            ld.global.s8 %r0, [%ptr];
            ld.global.u8 %r1, [%ptr+1];
            ld.global.s16 %r2, [%ptr+2];
            ld.global.u16 %r3, [%ptr+2];
            ld.global.s32 %rd0, [%ptr+4];
            ld.global.u32 %rd1, [%ptr+4];
            ld.global.s8 %rs0, [%ptr];
            cvt.u32.u16 %r4, %rs0;
            setp.ne.u32 %p0, %tid, 0;
            @%p0 ret;
            st.global.u32 [%ptr+8], %r0;
            st.global.u32 [%ptr+12], %r1;
            st.global.u32 [%ptr+16], %r2;
            st.global.u32 [%ptr+20], %r3;
            st.global.u64 [%ptr+24], %rd0;
            st.global.u64 [%ptr+32], %rd1;
            st.global.u32 [%ptr+40], %r4;
            st.global.u8 [%ptr+44], %r2;
            st.global.u16 [%ptr+46], %rd0;
            st.global.u8 [%ptr+45], 7;
            """,
            [0x8765f1f0, 0x89abcdef, .. new uint[10]]);
        Assert.Equal(new uint[] { 0xfffffff0, 0xf1, 0xffff8765, 0x8765, 0x89abcdef, 0xffffffff, 0x89abcdef, 0, 0xfff0, 0xcdef0765 }, result[2..]);
    }

    [Fact]
    public void Vectors_move_neighbouring_elements()
    {
        uint[] result = PtxProgram.Run(
            """
            mul.wide.u32 %rd0, %tid, 16;
            add.s64 %rd1, %ptr, %rd0;
            ld.global.nc.L1::no_allocate.L2::128B.v4.u32 {%r0, %r1, %r2, %r3}, [%rd1];
            ld.global.v2.f32 {%f0, %f1}, [%rd1+8];
            ld.global.v2.u16 {%rs0, %rs1}, [%rd1];
            cvt.u32.u16 %r4, %rs1;
            mov.b32 %r5, %f1;
            add.s64 %rd1, %rd1, 512;
            st.global.v4.b32 [%rd1], {%r3, %r2, %r4, %r5};
            """,
            [.. Enumerable.Range(0, 128).Select(i => (uint)(i * 0x01010101)), .. new uint[128]]);
        for (uint lane = 0; lane < 32; lane++)
        {
            uint Word(uint i) => ((4 * lane) + i) * 0x01010101;
            Assert.Equal(new[] { Word(3), Word(2), Word(0) >> 16, Word(3) }, result.AsSpan(128 + (4 * (int)lane), 4).ToArray());
        }
    }

    [Fact]
    public void Generic_addresses_lead_to_every_space()
    {
        uint[] result = PtxProgram.Run(
            """
            mov.u32 %r0, words;
            mul.lo.u32 %r1, %tid, 4;
            add.u32 %r0, %r0, %r1;
            st.shared.u32 [%r0], %tid;
            cvt.u64.u32 %rd0, %r0;
            cvta.shared.u64 %rd0, %rd0;
            mov.u64 %rd1, stack;
            cvta.local.u64 %rd2, %rd1;
            add.u32 %r2, %tid, 100;
            st.local.u32 [stack+4], %r2;
            ld.u32 %r3, [%rd2+4];
            ld.u32 %r4, [%rd0];
            isspacep.shared %p0, %rd0;
            isspacep.local %p1, %rd2;
            isspacep.global %p2, %ptr;
            isspacep.global %p3, %rd0;
            selp.u32 %r5, 1000, 0, %p0;
            selp.u32 %r6, 2000, 0, %p1;
            selp.u32 %r7, 4000, 0, %p2;
            selp.u32 %r8, 8000, 0, %p3;
            add.u32 %r3, %r3, %r4;
            add.u32 %r3, %r3, %r5;
            add.u32 %r3, %r3, %r6;
            add.u32 %r3, %r3, %r7;
            add.u32 %r3, %r3, %r8;
            mov.u64 %rd4, pointer;
            cvta.param.u64 %rd4, %rd4;
            ld.u64 %rd5, [%rd4];
            cvt.u64.u32 %rd3, %r1;
            add.s64 %rd3, %rd5, %rd3;
            st.u32 [%rd3], %r3;
            """,
            new uint[32],
            variables: ".shared .align 4 .b8 words[128]; .local .align 8 .b8 stack[16];");
        Assert.Equal(Enumerable.Range(0, 32).Select(i => (uint)((2 * i) + 100 + 7000)), result);
    }

    [Fact]
    public void Variables_of_the_module_have_their_initial_values_in_every_memory()
    {
        const string Declarations = """
            .global .align 4 .u32 table[4] = {1, 2, 0x30, 4};
            .const .align 8 .f64 half = 0d3FE0000000000000;
            .global .align 8 .u64 where = table;
            .global .align 1 .b8 letters[6] = {72, 105};
            """;
        var program = new PtxProgram(PtxProgram.Kernel(
            """
            ld.global.u64 %rd0, [where];
            ld.global.u32 %r0, [%rd0+8];
            ld.const.u64 %rd1, [half];
            mov.u64 %rd2, letters;
            ld.global.u8 %r1, [%rd2+1];
            ld.global.u8 %r2, [letters+5];
            st.global.u32 [%ptr], %r0;
            st.global.u64 [%ptr+8], %rd1;
            st.global.u32 [%ptr+16], %r1;
            st.global.u32 [%ptr+20], %r2;
            st.global.u32 [table], 9;
            """,
            declarations: Declarations));
        ulong buffer = program.Upload<uint>(new uint[6]);
        program.Launch("k", new Dim3(1), new Dim3(1), 0, buffer);
        uint[] result = program.Download<uint>(buffer, 6);
        Assert.Equal(0x30u, result[0]);
        Assert.Equal(0x3fe00000u, result[3]);
        Assert.Equal((105u, 0u), (result[4], result[5]));
        Assert.Equal(9u, program.Download<uint>(program.Module.Variables["table"].Address, 1)[0]);
    }

    [Fact]
    public void Atomics_return_what_was_there_lane_by_lane()
    {
        uint[] result = PtxProgram.Run(
            """
            atom.global.add.u32 %r0, [%ptr], 3;
            red.global.max.s32 [%ptr+4], %tid;
            atom.global.inc.u32 %r1, [%ptr+8], 9;
            atom.global.cas.b32 %r2, [%ptr+12], %tid, 1000;
            red.global.or.b32 [%ptr+16], 0x80;
            cvt.rn.f32.u32 %f0, %tid;
            red.relaxed.gpu.global.add.f32 [%ptr+20], %f0;
            atom.global.exch.b64 %rd0, [%ptr+24], 5;
            mul.wide.u32 %rd1, %tid, 4;
            add.s64 %rd1, %ptr, %rd1;
            st.global.u32 [%rd1+32], %r0;
            """,
            [10, unchecked((uint)-7), 0, 0, 1, 0, 0, 0, .. new uint[32]]);
        Assert.Equal(new[] { 10 + 96u, 31u, 2u, 1000u, 0x81u, BitConverter.SingleToUInt32Bits(496), 5u, 0u }, result[..8]);
        Assert.Equal(Enumerable.Range(0, 32).Select(i => (uint)(10 + (3 * i))), result[8..]);
    }

    [Fact]
    public void An_asynchronous_copy_arrives_with_the_wait_for_its_group()
    {
        uint[] result = PtxProgram.Run(
            """
            mov.u32 %r0, words;
            mad.lo.u32 %r0, %tid, 16, %r0;
            mul.wide.u32 %rd0, %tid, 16;
            add.s64 %rd0, %ptr, %rd0;
            cp.async.cg.shared.global [%r0], [%rd0], 16;
            cp.async.commit_group;
            add.u32 %r1, %r0, 512;
            cp.async.ca.shared.global [%r1], [%rd0], 8, 3;
            cp.async.commit_group;
            cp.async.wait_group 1;
            ld.shared.v2.u32 {%r2, %r3}, [%r0+8];
            cp.async.wait_all;
            ld.shared.v2.u32 {%r4, %r5}, [%r1];
            st.global.v4.u32 [%rd0], {%r2, %r3, %r4, %r5};
            """,
            [.. Enumerable.Range(1, 128).Select(i => (uint)i * 0x01020304)],
            variables: ".shared .align 16 .b8 words[1024];");
        for (int lane = 0; lane < 32; lane++)
        {
            uint Word(int i) => (uint)((4 * lane) + i + 1) * 0x01020304;
            Assert.Equal(new[] { Word(2), Word(3), Word(0) & 0xffffff, 0u }, result.AsSpan(4 * lane, 4).ToArray());
        }
    }

    [Fact]
    public void The_report_counts_bytes_sectors_and_bank_conflicts()
    {
        var program = new PtxProgram(PtxProgram.Kernel(
            """
            mov.u32 %r6, %ctaid.x;
            mul.wide.u32 %rd2, %r6, 2048;
            add.s64 %ptr, %ptr, %rd2;
            mul.wide.u32 %rd0, %tid, 4;
            add.s64 %rd0, %ptr, %rd0;
            ld.global.u32 %r0, [%rd0];
            bar.warp.sync -1;
            mul.wide.u32 %rd1, %tid, 64;
            add.s64 %rd1, %ptr, %rd1;
            st.global.u32 [%rd1], %r0;
            mov.u32 %r1, words;
            mad.lo.u32 %r2, %tid, 4, %r1;
            st.shared.u32 [%r2], %r0;
            bar.warp.sync -1;
            mad.lo.u32 %r3, %tid, 128, %r1;
            st.shared.u32 [%r3], %r0;
            bar.warp.sync -1;
            mad.lo.u32 %r4, %tid, 16, %r1;
            st.shared.v4.u32 [%r4], {%r0, %r0, %r0, %r0};
            bar.warp.sync -1;
            ld.shared.u32 %r5, [words];
            bar.sync 0;
            fma.rn.f32 %f0, 0f00000000, 0f00000000, 0f00000000;
            """,
            variables: ".shared .align 16 .b8 words[4096];"));
        ulong buffer = program.Upload<uint>(new uint[6 * 512]);
        LaunchReport report = program.Launch("k", new Dim3(6), new Dim3(32), 0, buffer);
        // Six warps, of 32 lanes.
        Assert.Equal(6 * 128, report.GlobalBytesRead);
        Assert.Equal(6 * 128, report.GlobalBytesWritten);
        Assert.Equal(6 * (4 + 32), report.GlobalSectors);
        Assert.Equal(6 * (1 + 32 + 4 + 1), report.SharedWavefronts);
        Assert.Equal(6 * 31, report.SharedConflicts);
        Assert.Equal(6, report.Barriers);
        Assert.Equal(6, report.FloatInstructions);
        Assert.Equal(6, report.InstructionsByOpcode["ld.global.u32"]);
        Assert.Equal(18, report.Count("st.shared"));
        Assert.Equal(report.Instructions, report.InstructionsByOpcode.Values.Sum());
    }
}
