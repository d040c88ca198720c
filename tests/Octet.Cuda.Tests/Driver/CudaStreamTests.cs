using Octet.Cuda.Driver;
using Octet.Cuda.Tests.FakeDriver;

namespace Octet.Cuda.Tests.Driver;

public unsafe class CudaStreamTests
{
    [Fact]
    public void Bytes_come_back_as_they_were_sent()
    {
        using var card = new OpenCard();
        using DeviceBlock block = card.Block(1, -2, 3);
        using DeviceBlock copy = card.Context.Allocate(12);

        card.Stream.CopyOnDevice(copy.Address, block.Address, 12);

        Assert.Equal([1, -2, 3], card.Read(copy.Span));
        Assert.Equal([-2], card.Read(copy.Span.Slice(4, 4)));
    }

    [Fact]
    public void Fills_write_bytes_and_words()
    {
        using var card = new OpenCard();
        using DeviceBlock block = card.Block(1, 2, 3, 4);

        card.Stream.Zero(block.Address, 4);
        card.Stream.Fill(block.Address + 4, 4, 0x11);
        card.Stream.FillWords(block.Address + 8, 1, 0x12345678);

        Assert.Equal([0, 0x11111111, 0x12345678, 4], card.Read(block.Span));
    }

    [Fact]
    public void A_result_in_pinned_memory_is_there_after_waiting_and_not_before()
    {
        using var card = new OpenCard();
        using DeviceBlock block = card.Block(5, 6);
        using PinnedBlock pinned = card.Context.AllocatePinned(8);

        card.Stream.CopyToHost(pinned.Pointer, block.Address, 8);
        Assert.False(card.Stream.IsIdle);
        Assert.DoesNotContain(5, OpenCard.Numbers(pinned));
        card.Stream.Synchronize();

        Assert.Equal([5, 6], OpenCard.Numbers(pinned));
        Assert.True(card.Stream.IsIdle);
    }

    [Fact]
    public void Pinned_memory_is_read_when_the_queue_comes_to_it()
    {
        using var card = new OpenCard();
        using DeviceBlock block = card.Context.Allocate(4);
        using PinnedBlock pinned = card.Context.AllocatePinned(4);
        pinned.Span(0, 4).Fill(1);

        card.Stream.CopyToDevice(block.Address, pinned.Pointer, 4);
        pinned.Span(0, 4).Fill(2);

        Assert.Equal([0x02020202], card.Read(block.Span));
    }

    [Fact]
    public void A_queue_waits_for_another_ones_mark()
    {
        using var card = new OpenCard();
        using CudaStream copies = card.Context.CreateStream();
        using CudaEvent sent = card.Context.CreateEvent();
        using PinnedBlock pinned = card.Context.AllocatePinned(8);
        using DeviceBlock block = card.Context.Allocate(8);
        pinned.Span(0, 8).Fill(1);
        copies.CopyToDevice(block.Address, pinned.Pointer, 8);
        sent.Record(copies);

        card.Stream.Wait(sent);

        Assert.False(sent.IsPassed);
        Assert.Equal([0x01010101, 0x01010101], card.Read(block.Span));
        Assert.True(sent.IsPassed);
    }

    [Fact]
    public void Two_marks_tell_the_time_between_them()
    {
        using var card = new OpenCard();
        using CudaEvent begin = card.Context.CreateEvent(timed: true);
        using CudaEvent end = card.Context.CreateEvent(timed: true);
        using DeviceBlock block = card.Context.Allocate(1 << 20);

        begin.Record(card.Stream);
        card.Stream.Zero(block.Address, 1 << 20);
        end.Record(card.Stream);
        end.Synchronize();

        // The fake card writes 1000 bytes a nanosecond.
        Assert.Equal(1.048576e-6, end.SecondsSince(begin), tolerance: 1e-12);
    }

    [Fact]
    public void Copies_of_nothing_do_nothing()
    {
        using var card = new OpenCard();

        card.Stream.CopyToDevice(0, null, 0);
        card.Stream.CopyToHost(null, 0, 0);
        card.Stream.CopyOnDevice(0, 0, 0);
        card.Stream.Zero(0, 0);
        card.Stream.FillWords(0, 0, 1);
        card.Stream.Synchronize();

        Assert.Null(card.Fake.Fault);
    }
}
