using PtxEmulator;

namespace Octet.Cuda.Tests.Emulator;

public class BulkCopyTests
{
    const string Start = """
        mov.u32 %r0, tile; mov.u32 %r1, barrier;
        setp.eq.u32 %p0, %tid, 0; @!%p0 bra READY;
        mbarrier.init.shared::cta.b64 [%r1], 1; fence.mbarrier_init.release.cluster;
        READY: bar.sync 0;
        """;

    const string Wait = "WAIT: mbarrier.try_wait.parity.shared::cta.b64 %p1, [%r1], 0; @%p1 bra DONE; bra WAIT; DONE: ";

    const string Variables = ".shared .align 1024 .b8 tile[8192]; .shared .align 8 .b64 barrier;";

    /// <summary>A tile of 3 dimensions that lies partly outside: zeros there, and 16-byte pieces turned by the line's number.</summary>
    [Theory]
    [InlineData(TensorMapSwizzle.None, 1)]
    [InlineData(TensorMapSwizzle.Bytes32, 4)]
    [InlineData(TensorMapSwizzle.Bytes64, 2)]
    [InlineData(TensorMapSwizzle.Bytes128, 1)]
    public void A_tile_is_copied_with_zeros_outside_of_the_tensor(TensorMapSwizzle swizzle, int lines)
    {
        const int Columns = 40, Rows = 9, Planes = 3;
        int width = swizzle == TensorMapSwizzle.None ? 24 : (16 << (int)swizzle) / 4;
        string text = PtxProgram.Kernel(
            Start + """
            @!%p0 bra WAIT;
            ld.global.u32 %r2, [%ptr];
            mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r1], %r2;
            add.s64 %rd0, %ptr, 128;
            cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%r0], [%rd0, {-3, 5, 1}], [%r1];
            """ + Wait + """
            mov.u32 %r3, %tid;
            LOOP: setp.ge.u32 %p2, %r3, %r9; @%p2 ret; shl.b32 %r4, %r3, 2; add.u32 %r5, %r0, %r4; ld.shared.u32 %r6, [%r5];
            cvt.u64.u32 %rd1, %r4; add.s64 %rd1, %ptr, %rd1; st.global.u32 [%rd1+256], %r6; add.u32 %r3, %r3, 32; bra LOOP;
            """,
            variables: Variables).Replace("%r9; @%p2 ret", $"{width * 6 * 2}; @%p2 ret", StringComparison.Ordinal);
        var program = new PtxProgram(text);
        uint[] tensor = [.. Enumerable.Range(1, Columns * Rows * Planes).Select(i => (uint)i)];
        var map = new TensorMap
        {
            Address = program.Upload<uint>(tensor),
            ElementBytes = 4,
            Dimensions = [Columns, Rows, Planes],
            Strides = [4 * Columns, 4 * Columns * Rows],
            Box = [width, 6, 2],
            Swizzle = swizzle,
        };
        ulong buffer = program.Memory.Allocate(256 + map.BoxBytes);
        byte[] head = new byte[256];
        BitConverter.TryWriteBytes(head, map.BoxBytes);
        map.WriteTo(head.AsSpan(128));
        program.Memory.Write(buffer, head);
        program.Launch("k", new Dim3(1), new Dim3(32), 0, buffer);
        uint[] result = program.Download<uint>(buffer + 256, map.BoxBytes / 4);
        for (int i = 0; i < result.Length; i++)
        {
            (int x, int y, int z) = (i % width, i / width % 6, i / width / 6);
            (int column, int row, int plane) = (x - 3, y + 5, z + 1);
            bool inside = column is >= 0 and < Columns && row < Rows && plane < Planes;
            int line = i / width;
            int turned = swizzle == TensorMapSwizzle.None ? x : x ^ (line / lines % (2 << ((int)swizzle - 1)) * 4);
            Assert.Equal(inside ? tensor[column + (Columns * (row + (Rows * plane)))] : 0, result[(line * width) + turned]);
        }
    }

    [Fact]
    public void Bytes_are_copied_there_and_back()
    {
        uint[] result = PtxProgram.Run(
            Start + """
            @!%p0 bra WAIT;
            mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r1], 256;
            cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r0], [%ptr], 256, [%r1];
            """ + Wait + """
            mad.lo.u32 %r2, %tid, 8, %r0; ld.shared.v2.u32 {%r3, %r4}, [%r2]; add.u32 %r3, %r3, 1; st.shared.v2.u32 [%r2], {%r3, %r4};
            fence.proxy.async.shared::cta; bar.sync 0; @!%p0 ret;
            add.s64 %rd0, %ptr, 256; cp.async.bulk.global.shared::cta.bulk_group [%rd0], [%r0], 256; cp.async.bulk.commit_group; cp.async.bulk.wait_group.read 0;
            """,
            [.. Enumerable.Range(0, 128).Select(i => (uint)i)],
            variables: Variables);
        Assert.Equal(Enumerable.Range(0, 64).Select(i => (uint)(i + ((i + 1) % 2))), result[64..]);
    }

    [Theory]
    [InlineData("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r0], [%ptr], 24, [%r1];", PtxError.Misuse)]
    [InlineData("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r0+8], [%ptr], 32, [%r1];", PtxError.Misaligned)]
    [InlineData("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r0], [%ptr], 1024, [%r1];", PtxError.OutOfBounds)]
    [InlineData("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r0], [%ptr], 32, [%r1]; ld.shared.u32 %r3, [%r0];", PtxError.Race)]
    [InlineData("cp.async.bulk.tensor.1d.shared::cluster.global.mbarrier::complete_tx::bytes [%r0], [%ptr, {0}], [%r1];", PtxError.Misuse)]
    [InlineData("st.shared.u32 [%r0], 1; cp.async.bulk.global.shared::cta.bulk_group [%ptr], [%r0], 16;", PtxError.Uninitialized)]
    [InlineData("st.shared.v4.u32 [%r0], {1, 2, 3, 4}; cp.async.bulk.global.shared::cta.bulk_group [%ptr], [%r0], 16;", PtxError.Misuse)]
    [InlineData("st.shared.v4.u32 [%r0], {1, 2, 3, 4}; fence.proxy.async; cp.async.bulk.global.shared::cta.bulk_group [%ptr], [%r0], 16; st.shared.u32 [%r0], 2;", PtxError.Race)]
    [InlineData("mbarrier.init.shared.b64 [%r1], 0;", PtxError.Misuse)]
    public void A_broken_rule_of_bulk_copies_is_told(string body, PtxError error)
    {
        var program = new PtxProgram(PtxProgram.Kernel(Start + "@!%p0 ret; " + body, variables: Variables));
        PtxException exception = Assert.Throws<PtxException>(() => program.Launch("k", new Dim3(1), new Dim3(32), 0, program.Upload<uint>(new uint[32])));
        Assert.Equal(error, exception.Error);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("bar.sync 0;", false)]
    public void A_barrier_is_used_by_other_warps_only_behind_its_beginning(string between, bool isRace)
    {
        string body = "mov.u32 %r1, barrier; setp.eq.u32 %p0, %tid, 0; @%p0 mbarrier.init.shared.b64 [%r1], 1; " + between
            + " setp.eq.u32 %p1, %tid, 32; @%p1 mbarrier.arrive.shared.b64 _, [%r1];";
        var program = new PtxProgram(PtxProgram.Kernel(body, variables: Variables));
        Exception? found = Record.Exception(() => program.Launch("k", new Dim3(1), new Dim3(64), 0, program.Upload<uint>(0)));
        Assert.Equal(isRace ? PtxError.Race : null, (found as PtxException)?.Error);
        Assert.Equal(isRace, found is not null);
    }

    [Fact]
    public void A_phase_ends_with_its_last_arrival_and_byte()
    {
        uint[] result = PtxProgram.Run(
            """
            mov.u32 %r1, barrier; setp.eq.u32 %p0, %tid, 0; @!%p0 ret;
            mbarrier.init.shared.b64 [%r1], 2;
            mbarrier.arrive.shared.b64 %rd0, [%r1];
            mbarrier.test_wait.shared.b64 %p1, [%r1], %rd0; selp.u32 %r2, 1, 0, %p1;
            mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [%r1], 16;
            mbarrier.arrive.release.cta.shared::cta.b64 _, [%r1];
            mbarrier.test_wait.parity.shared.b64 %p1, [%r1], 0; selp.u32 %r3, 1, 0, %p1;
            mbarrier.complete_tx.relaxed.cta.shared::cta.b64 [%r1], 16;
            mbarrier.test_wait.shared.b64 %p1, [%r1], %rd0; selp.u32 %r4, 1, 0, %p1;
            mbarrier.test_wait.parity.shared.b64 %p1, [%r1], 0; selp.u32 %r5, 1, 0, %p1;
            mbarrier.test_wait.parity.shared.b64 %p1, [%r1], 1; selp.u32 %r6, 1, 0, %p1;
            mbarrier.arrive_drop.shared.b64 _, [%r1];
            mbarrier.arrive.shared.b64 _, [%r1];
            mbarrier.arrive.shared.b64 %rd1, [%r1];
            mbarrier.test_wait.shared.b64 %p1, [%r1], %rd1; selp.u32 %r7, 1, 0, %p1;
            st.global.v4.u32 [%ptr], {%r2, %r3, %r4, %r5}; st.global.v2.u32 [%ptr+16], {%r6, %r7};
            """,
            new uint[6],
            variables: Variables);
        // One arrival of two; both, and 16 bytes lacking; ended, by state and parity; the next not yet; one arrival less from then on.
        Assert.Equal(new uint[] { 0, 0, 1, 1, 0, 1 }, result);
    }

    [Theory]
    [InlineData(8UL, 4, 64, 4, TensorMapSwizzle.None)]
    [InlineData(1024UL, 3, 64, 4, TensorMapSwizzle.None)]
    [InlineData(1024UL, 4, 40, 4, TensorMapSwizzle.None)]
    [InlineData(1024UL, 4, 64, 3, TensorMapSwizzle.None)]
    [InlineData(1024UL, 4, 64, 257, TensorMapSwizzle.None)]
    [InlineData(1024UL, 4, 64, 16, TensorMapSwizzle.Bytes32)]
    public void A_map_that_breaks_a_rule_is_refused(ulong address, int elementBytes, int stride, int box, TensorMapSwizzle swizzle)
    {
        var map = new TensorMap { Address = address, ElementBytes = elementBytes, Dimensions = [16, 16], Strides = [(ulong)stride], Box = [box, 1], Swizzle = swizzle };
        Assert.NotNull(map.Error());
        Assert.Throws<ArgumentException>(() => map.WriteTo(new byte[TensorMap.Bytes]));
    }

    [Fact]
    public void A_map_is_read_as_it_was_written_and_nothing_else_is_one()
    {
        var map = new TensorMap { Address = 1 << 20, ElementBytes = 2, Dimensions = [1UL << 31, 7, 5], Strides = [1UL << 32, 1UL << 39], Box = [64, 256, 2], Swizzle = TensorMapSwizzle.Bytes128 };
        byte[] bytes = new byte[TensorMap.Bytes];
        map.WriteTo(bytes);
        TensorMap read = TensorMap.Read(bytes)!;
        Assert.Equal((map.Address, map.ElementBytes, map.Swizzle), (read.Address, read.ElementBytes, read.Swizzle));
        Assert.Equal(map.Dimensions, read.Dimensions);
        Assert.Equal(map.Strides, read.Strides);
        Assert.Equal(map.Box, read.Box);
        Assert.Null(TensorMap.Read(new byte[TensorMap.Bytes]));
    }
}
