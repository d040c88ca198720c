using System.Numerics;
using PtxEmulator;

namespace Octet.Cuda.Tests.Emulator;

public class WarpTests
{
    static readonly uint[] s_values = [.. Enumerable.Range(0, 32).Select(i => (uint)((i * 2654435761L) >> 7))];

    /// <summary>The definitions of the PTX ISA: which lane is read, and whether that is within the segment.</summary>
    [Theory]
    [InlineData("up", 0x0000)]
    [InlineData("up", 0x1800)]
    [InlineData("down", 0x001f)]
    [InlineData("down", 0x181f)]
    [InlineData("bfly", 0x001f)]
    [InlineData("bfly", 0x1c1f)]
    [InlineData("idx", 0x001f)]
    [InlineData("idx", 0x1807)]
    public void A_shuffle_reads_the_lane_that_its_mode_names(string mode, int control)
    {
        foreach (int b in new[] { 0, 1, 3, 8, 16, 31 })
        {
            uint[] result = LaneProgram.Run32($"shfl.sync.{mode}.b32 %t0|%p0, %a, {b}, {control}, 0xffffffff; selp.u32 %t1, 0x80000000, 0, %p0; or.b32 %d, %t0, %t1;", s_values);
            for (int lane = 0; lane < 32; lane++)
            {
                int segment = control >> 8;
                int most = (lane & segment) | (control & 31 & ~segment);
                int least = lane & segment;
                (int from, bool valid) = mode switch
                {
                    "up" => (lane - b, lane - b >= most),
                    "down" => (lane + b, lane + b <= most),
                    "bfly" => (lane ^ b, (lane ^ b) <= most),
                    _ => (least | (b & ~segment), (least | (b & ~segment)) <= most),
                };
                Assert.Equal(s_values[valid ? from : lane] | (valid ? 0x80000000 : 0), result[lane]);
            }
        }
    }

    [Fact]
    public void Votes_and_matches_are_of_the_members()
    {
        uint[] odd = LaneProgram.Run32("and.b32 %t0, %a, 1; setp.ne.u32 %p0, %t0, 0; vote.sync.ballot.b32 %d, %p0, -1;", s_values);
        uint expected = s_values.Select((value, lane) => (value & 1) << lane).Aggregate(0u, (sum, bit) => sum | bit);
        Assert.All(odd, value => Assert.Equal(expected, value));
        uint[] any = LaneProgram.Run32("setp.eq.u32 %p0, %i, 5; vote.sync.any.pred %p1, %p0, -1; vote.sync.all.pred %p2, %p0, -1; vote.sync.uni.pred %p3, !%p0, -1; selp.u32 %t1, 1, 0, %p1; selp.u32 %t2, 2, 0, %p2; selp.u32 %t3, 4, 0, %p3; add.u32 %d, %t1, %t2; add.u32 %d, %d, %t3;", s_values);
        Assert.All(any, value => Assert.Equal(1u, value));
        uint[] same = LaneProgram.Run32("and.b32 %t0, %i, 3; match.any.sync.b32 %d, %t0, 0xffffffff;", s_values);
        Assert.Equal(Enumerable.Range(0, 32).Select(i => 0x11111111u << (i % 4)), same);
        uint[] all = LaneProgram.Run32("match.all.sync.b32 %t1|%p0, 7, 0xffffffff; selp.u32 %d, %t1, 0, %p0;", s_values);
        Assert.All(all, value => Assert.Equal(uint.MaxValue, value));
    }

    [Fact]
    public void Reductions_give_every_member_the_result()
    {
        Assert.All(LaneProgram.Run32("redux.sync.add.s32 %d, %a, -1;", s_values), value => Assert.Equal((uint)s_values.Sum(each => each), value));
        Assert.All(LaneProgram.Run32("redux.sync.min.u32 %d, %a, -1;", s_values), value => Assert.Equal(s_values.Min(), value));
        Assert.All(LaneProgram.Run32("redux.sync.xor.b32 %d, %a, -1;", s_values), value => Assert.Equal(s_values.Aggregate((x, y) => x ^ y), value));
        uint[] halves = LaneProgram.Run32("setp.lt.u32 %p0, %i, 16; @%p0 redux.sync.max.u32 %d, %i, 0xffff; @!%p0 redux.sync.max.u32 %d, %i, 0xffff0000;", s_values);
        Assert.Equal(Enumerable.Range(0, 32).Select(i => i < 16 ? 15u : 31u), halves);
    }

    [Fact]
    public void The_lowest_member_is_elected()
    {
        uint[] result = LaneProgram.Run32("setp.lt.u32 %p1, %i, 3; @%p1 bra SKIP; elect.sync %t0|%p0, 0xfffffff8; selp.u32 %d, 100, %t0, %p0; SKIP:", s_values);
        Assert.Equal(Enumerable.Range(0, 32).Select(i => i < 3 ? 0u : i == 3 ? 100u : 3u), result);
    }

    [Fact]
    public void Special_registers_tell_place_and_extent()
    {
        var program = new PtxProgram(PtxProgram.Kernel(
            """
            mov.u32 %r0, %tid.y;
            mov.u32 %r1, %ntid.x;
            mad.lo.u32 %r2, %r0, %r1, %tid;
            mov.u32 %r3, %ctaid.y;
            mov.u32 %r4, %nctaid.x;
            mov.u32 %r5, %ctaid.x;
            mad.lo.u32 %r6, %r3, %r4, %r5;
            mov.u32 %r7, %ntid.y;
            mul.lo.u32 %r8, %r1, %r7;
            mad.lo.u32 %r9, %r6, %r8, %r2;
            mul.wide.u32 %rd0, %r9, 16;
            add.s64 %rd0, %ptr, %rd0;
            mov.u32 %r10, %laneid;
            mov.u32 %r11, %warpid;
            mov.u32 %r12, %lanemask_lt;
            st.global.v4.u32 [%rd0], {%r9, %r10, %r11, %r12};
            """));
        ulong buffer = program.Memory.Allocate(6 * 60 * 16);
        program.Launch("k", new Dim3(3, 2), new Dim3(12, 5), 0, buffer);
        uint[] result = program.Download<uint>(buffer, 6 * 60 * 4);
        for (uint i = 0; i < 360; i++)
        {
            uint lane = i % 60 % 32;
            Assert.Equal(new[] { i, lane, i % 60 / 32, (uint)BitOperations.RotateLeft(1u, (int)lane) - 1 }, result.AsSpan((int)(4 * i), 4).ToArray());
        }
    }

    [Fact]
    public void Lanes_that_part_in_a_loop_meet_again_at_a_shuffle_behind_it()
    {
        // Each lane counts as often as its number says; the loop's end lies before its body, as compilers lay it out.
        uint[] result = LaneProgram.Run32(
            """
            mov.u32 %t0, %i; mov.u32 %t1, 0; bra TEST;
            DONE:
            shfl.sync.bfly.b32 %d, %t1, 1, 31, -1;
            bra END;
            BODY:
            add.u32 %t1, %t1, 2; sub.u32 %t0, %t0, 1;
            TEST:
            setp.ne.u32 %p0, %t0, 0;
            @%p0 bra BODY;
            bra.uni DONE;
            END:
            """,
            s_values);
        Assert.Equal(Enumerable.Range(0, 32).Select(i => (uint)(2 * (i ^ 1))), result);
    }

    [Fact]
    public void A_function_is_called_with_parameters_from_different_places()
    {
        const string Function = """
            .func (.param .b32 result) twice_plus(.param .b32 x, .param .align 8 .b8 more[16])
            {
                .reg .b32 %r<4>; .reg .pred %p<2>;
                ld.param.u32 %r0, [x]; ld.param.u32 %r1, [more+8];
                setp.gt.u32 %p0, %r0, 20; @%p0 bra BIG;
                mad.lo.u32 %r2, %r0, 2, %r1; st.param.b32 [result], %r2; ret;
                BIG: st.param.b32 [result], %r1; ret;
            }
            """;
        uint[] result = LaneProgram.Run32(
            """
            setp.lt.u32 %p0, %i, 8; @%p0 bra FIRST;
            { .param .b32 p0; st.param.b32 [p0], %i; .param .align 8 .b8 p1[16]; st.param.b32 [p1+8], 100; .param .b32 r;
              call.uni (r), twice_plus, (p0, p1); ld.param.b32 %d, [r]; }
            bra END;
            FIRST:
            { .param .b32 p0; st.param.b32 [p0], 7; .param .align 8 .b8 p1[16]; st.param.b32 [p1+8], %i; .param .b32 r;
              call (r), twice_plus, (p0, p1); ld.param.b32 %d, [r]; }
            END:
            """,
            s_values,
            declarations: Function);
        Assert.Equal(Enumerable.Range(0, 32).Select(i => (uint)(i < 8 ? 14 + i : i > 20 ? 100 : (2 * i) + 100)), result);
    }

    [Fact]
    public void An_indexed_branch_goes_where_its_list_says()
    {
        uint[] result = LaneProgram.Run32(
            """
            and.b32 %t0, %i, 3; LIST: .branchtargets A, B, C, B; brx.idx %t0, LIST;
            A: mov.u32 %d, 10; bra END;
            B: mov.u32 %d, 20; bra END;
            C: mov.u32 %d, 30;
            END:
            """,
            s_values);
        Assert.Equal(Enumerable.Range(0, 32).Select(i => (i % 4) switch { 0 => 10u, 2 => 30u, _ => 20u }), result);
    }

    [Fact]
    public void Blocks_side_by_side_give_what_they_give_in_order()
    {
        string text = PtxProgram.Kernel(
            """
            mov.u32 %r0, %ctaid.x; mov.u32 %r1, %ntid.x; mad.lo.u32 %r2, %r0, %r1, %tid; mul.wide.u32 %rd0, %r2, 4; add.s64 %rd0, %ptr, %rd0;
            mov.u32 %r3, 0; mov.u32 %r4, %r2;
            LOOP: mad.lo.u32 %r4, %r4, 1664525, 1013904223; add.u32 %r3, %r3, 1; setp.lt.u32 %p0, %r3, 20; @%p0 bra LOOP;
            st.global.u32 [%rd0], %r4;
            """);
        (LaunchReport Report, uint[] Result) Run(int threads)
        {
            var program = new PtxProgram(text, new PtxMachineOptions { HostThreads = threads });
            ulong buffer = program.Memory.Allocate(50 * 96 * 4);
            LaunchReport report = program.Launch("k", new Dim3(50), new Dim3(96), 0, buffer);
            return (report, program.Download<uint>(buffer, 50 * 96));
        }

        (LaunchReport one, uint[] first) = Run(1);
        (LaunchReport two, uint[] second) = Run(2);
        Assert.Equal(first, second);
        Assert.Equal(one.InstructionsByOpcode, two.InstructionsByOpcode);
        Assert.Equal(one.GlobalSectors, two.GlobalSectors);
    }
}
