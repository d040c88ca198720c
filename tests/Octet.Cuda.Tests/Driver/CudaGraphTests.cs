using Octet.Cuda.Driver;
using Octet.Cuda.Tests.FakeDriver;

namespace Octet.Cuda.Tests.Driver;

public unsafe class CudaGraphTests
{
    [Fact]
    public void What_was_recorded_is_done_at_every_launch_and_not_before()
    {
        using var card = new OpenCard();
        using DeviceBlock block = card.Block(1, 2);
        using CudaModule module = card.Context.LoadModule(SmallKernels.Add());
        CudaFunction add = module.GetFunction("add");

        card.Stream.BeginCapture();
        Assert.True(card.Stream.IsCapturing);
        add.Launch(card.Stream, 1, 32, 0, block.Span, 10, 2);
        add.Launch(card.Stream, 1, 32, 0, block.Span, 100, 1);
        using CudaGraph graph = card.Stream.EndCapture();

        Assert.False(card.Stream.IsCapturing);
        Assert.Equal([1, 2], card.Read(block.Span));
        graph.Launch(card.Stream);
        graph.Launch(card.Stream);
        Assert.Equal([221, 22], card.Read(block.Span));
    }

    [Fact]
    public void A_recorded_copy_reads_what_pinned_memory_holds_when_it_is_launched()
    {
        using var card = new OpenCard();
        using DeviceBlock block = card.Context.Allocate(4);
        using PinnedBlock pinned = card.Context.AllocatePinned(4);
        card.Stream.BeginCapture();
        card.Stream.CopyToDevice(block.Address, pinned.Pointer, 4);
        using CudaGraph graph = card.Stream.EndCapture();

        foreach (byte value in (byte[])[3, 4])
        {
            pinned.Span(0, 4).Fill(value);
            graph.Launch(card.Stream);
            Assert.Equal([0x01010101 * value], card.Read(block.Span));
        }
    }

    [Fact]
    public void Memory_cannot_be_allocated_while_a_graph_is_recorded()
    {
        using var card = new OpenCard();
        card.Stream.BeginCapture();

        Assert.Equal(900, Assert.Throws<CudaException>(() => card.Context.Allocate(64)).Code);
        Assert.Equal(901, Assert.Throws<CudaException>(card.Stream.EndCapture).Code);

        Assert.False(card.Stream.IsCapturing);
        card.Context.Allocate(64).Dispose();
    }

    [Fact]
    public void A_recording_can_be_given_up()
    {
        using var card = new OpenCard();
        using DeviceBlock block = card.Block(1);
        card.Stream.CancelCapture();
        card.Stream.BeginCapture();
        card.Stream.Zero(block.Address, 4);

        card.Stream.CancelCapture();

        Assert.False(card.Stream.IsCapturing);
        Assert.Equal([1], card.Read(block.Span));
    }

    [Theory]
    [InlineData("cuGraphInstantiateWithFlags")]
    [InlineData("cuGraphUpload")]
    public void A_graph_that_cannot_be_made_leaves_nothing(string function)
    {
        using var card = new OpenCard();
        int before = card.Fake.LiveHandles;
        card.Fake.Faults.Fail(function, 1, Code.OutOfMemory);
        card.Stream.BeginCapture();

        Assert.Equal(ModelError.Full, Assert.Throws<CudaException>(card.Stream.EndCapture).Error);

        Assert.Equal(before, card.Fake.LiveHandles);
    }
}
