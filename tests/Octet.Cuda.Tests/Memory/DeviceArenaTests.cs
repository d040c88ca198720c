using Octet.Cuda.Driver;
using Octet.Cuda.Memory;
using Octet.Cuda.Tests.FakeDriver;

namespace Octet.Cuda.Tests.Memory;

public class DeviceArenaTests
{
    [Fact]
    public void Pieces_are_aligned_and_share_a_block()
    {
        using var card = new OpenCard();
        using var arena = new DeviceArena(card.Context, 4096);

        DeviceSpan first = arena.Allocate(100);
        DeviceSpan second = arena.Allocate(5, alignment: 16);
        DeviceSpan third = arena.Allocate(1);

        Assert.Equal(0ul, first.Address % 256);
        Assert.Equal((112ul, 256ul), (second.Address - first.Address, third.Address - first.Address));
        Assert.Equal((106, 4096, 1), (arena.BytesUsed, arena.BytesReserved, card.Fake.LiveAllocations));
    }

    [Fact]
    public void A_large_piece_has_a_block_of_its_own_and_earlier_ones_are_filled_up()
    {
        using var card = new OpenCard();
        using var arena = new DeviceArena(card.Context, 4096);
        DeviceSpan small = arena.Allocate(1000);

        DeviceSpan large = arena.Allocate(10_000);
        DeviceSpan next = arena.Allocate(3000);

        Assert.Equal(10_000, large.Bytes);
        Assert.Equal(small.Address + 1024, next.Address);
        Assert.Equal(2, card.Fake.LiveAllocations);
        Assert.Equal(14_096, card.Context.Memory.Taken);
    }

    [Fact]
    public void A_piece_of_more_than_a_quarter_of_a_block_takes_no_more_than_it_has()
    {
        using var card = new OpenCard();
        using var arena = new DeviceArena(card.Context, 4096);

        arena.Allocate(1025);
        arena.Allocate(1024);

        Assert.Equal(1025 + 4096, arena.BytesReserved);
    }

    [Fact]
    public void All_is_given_back_together()
    {
        using var card = new OpenCard();
        var arena = new DeviceArena(card.Context, 1);
        arena.Allocate(10);
        arena.Allocate(10);

        arena.Dispose();

        Assert.Equal((0, 0L), (card.Fake.LiveAllocations, card.Context.Memory.Taken));
        Assert.Throws<ObjectDisposedException>(() => arena.Allocate(1));
    }

    [Fact]
    public void A_card_that_is_full_leaves_the_arena_as_it_was()
    {
        using var card = new OpenCard(new FakeCuda(new FakeCard { TotalBytes = 1 << 20 }));
        using var arena = new DeviceArena(card.Context, 4096);
        arena.Allocate(1000);

        Assert.Equal(ModelError.Full, Assert.Throws<CudaException>(() => arena.Allocate(1 << 21)).Error);

        Assert.Equal((1000, 4096), (arena.BytesUsed, arena.BytesReserved));
        arena.Allocate(1000);
    }

    [Theory]
    [InlineData(0, 16)]
    [InlineData(10, 24)]
    [InlineData(10, 512)]
    public void Sizes_and_alignments_that_are_none_are_refused(long bytes, int alignment)
    {
        using var card = new OpenCard();
        using var arena = new DeviceArena(card.Context, 4096);

        Assert.Throws<ArgumentOutOfRangeException>(() => arena.Allocate(bytes, alignment));
    }

    [Theory]
    [InlineData(0, 101)]
    [InlineData(101, 0)]
    [InlineData(-1, 5)]
    [InlineData(5, -1)]
    [InlineData(long.MaxValue, 1)]
    public void A_part_of_a_piece_lies_inside_it(long offset, long bytes)
        => Assert.Throws<ArgumentOutOfRangeException>(() => new DeviceSpan(4096, 100).Slice(offset, bytes));
}
