using System.Runtime.InteropServices;
using Octet.Cuda.Driver;
using Octet.Cuda.Memory;
using Octet.Cuda.Tests.FakeDriver;

namespace Octet.Cuda.Tests.Memory;

public class ReadbackTests
{
    [Fact]
    public void A_result_comes_when_the_work_before_it_is_done()
    {
        using var card = new OpenCard();
        using DeviceBlock block = card.Block(1, 2, 3);
        using var readback = new Readback(card.Context, 64);

        readback.Begin(card.Stream, block.Span.Slice(4, 8));
        card.Stream.Zero(block.Address, 12);

        Assert.Equal([2, 3], MemoryMarshal.Cast<byte, int>(readback.End()).ToArray());
        Assert.Equal([0], MemoryMarshal.Cast<byte, int>(readback.Read(card.Stream, block.Span.Slice(0, 4))).ToArray());
    }

    [Fact]
    public void One_result_is_on_its_way_at_a_time_and_none_longer_than_the_buffer()
    {
        using var card = new OpenCard();
        using DeviceBlock block = card.Block(1, 2, 3);
        using var readback = new Readback(card.Context, 8);

        Assert.Throws<ArgumentOutOfRangeException>(() => readback.Begin(card.Stream, block.Span));
        Assert.Throws<InvalidOperationException>(() => readback.End());
        readback.Begin(card.Stream, block.Span.Slice(0, 4));
        Assert.Throws<InvalidOperationException>(() => readback.Begin(card.Stream, block.Span.Slice(0, 4)));
    }

    [Fact]
    public void After_a_failure_the_next_result_may_be_asked_for()
    {
        using var card = new OpenCard();
        using DeviceBlock block = card.Block(9);
        using var readback = new Readback(card.Context, 8);
        card.Fake.Faults.Fail("cuEventSynchronize", 1, Code.InvalidValue);

        Assert.Throws<CudaException>(() => readback.Read(card.Stream, block.Span));

        Assert.Equal(9, readback.Read(card.Stream, block.Span)[0]);
    }

    [Fact]
    public void A_buffer_that_cannot_be_made_leaves_nothing()
    {
        using var card = new OpenCard();
        card.Fake.Faults.Fail("cuEventCreate", 1, Code.OutOfMemory);

        Assert.Throws<CudaException>(() => new Readback(card.Context, 8));

        Assert.Equal(0, card.Fake.LivePinned);
    }
}
