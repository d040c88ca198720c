using System.Runtime.CompilerServices;
using Octet.Cuda.Driver;
using Octet.Cuda.Tests.FakeDriver;

namespace Octet.Cuda.Tests.Driver;

public class CudaHandleTests
{
    [Fact]
    public void What_was_forgotten_is_given_back_by_the_collector()
    {
        using var fake = new FakeCuda();
        Forget(fake);
        Assert.Equal((1, 1), (fake.LiveAllocations, fake.LivePinned));

        for (int i = 0; i < 20 && !fake.IsClean; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.True(fake.IsClean, $"{fake.LiveHandles} handles, {fake.LivePinned} pinned, {fake.LiveAllocations} allocations are left");
    }

    [Fact]
    public void A_context_ends_with_the_last_thing_that_was_made_in_it()
    {
        using var fake = new FakeCuda();
        var context = CudaContext.Open(fake.Table, 0);
        DeviceBlock block = context.Allocate(64);

        context.Dispose();
        Assert.Equal(1, fake.Card.Holders);
        Assert.Throws<ObjectDisposedException>(() => context.Allocate(64));

        block.Dispose();
        Assert.True(fake.IsClean);
    }

    [Fact]
    public void Users_of_a_card_share_its_context()
    {
        using var fake = new FakeCuda();
        using CudaContext first = CudaContext.Open(fake.Table, 0);
        CudaContext second = CudaContext.Open(fake.Table, 0);

        Assert.Equal(2, fake.Card.Holders);
        second.Dispose();

        using DeviceBlock block = first.Allocate(64);
        Assert.Equal(1, fake.Card.Holders);
    }

    [Fact]
    public void What_was_given_back_is_given_back_once_and_refuses_to_be_used()
    {
        using var card = new OpenCard();
        DeviceBlock block = card.Context.Allocate(64);
        CudaStream stream = card.Context.CreateStream();

        block.Dispose();
        block.Dispose();
        stream.Dispose();

        Assert.Equal(1, card.Fake.Faults.Calls("cuMemFree_v2"));
        Assert.Throws<ObjectDisposedException>(() => block.Address);
        Assert.Throws<ObjectDisposedException>(() => stream.Zero(1, 1));
    }

    [Fact]
    public void Memory_is_given_back_behind_the_work_that_uses_it()
    {
        using var card = new OpenCard();
        DeviceBlock block = card.Block(1, 2);
        using DeviceBlock copy = card.Context.Allocate(8);
        card.Stream.CopyOnDevice(copy.Address, block.Address, 8);

        block.Dispose();

        Assert.Equal([1, 2], card.Read(copy.Span));
    }

    [Fact]
    public void Any_thread_gives_back_and_uses()
    {
        using var fake = new FakeCuda(new FakeCard(), new FakeCard());
        using CudaContext first = CudaContext.Open(fake.Table, 0);
        using CudaContext second = CudaContext.Open(fake.Table, 1);
        DeviceBlock block = first.Allocate(64);
        using DeviceBlock other = second.Allocate(128);

        var thread = new Thread(block.Dispose);
        thread.Start();
        thread.Join();

        Assert.Equal((0, 128), (fake.Cards[0].BytesInUse, fake.Cards[1].BytesInUse));
    }

    // Out of the way of the caller's frame, which would keep the handles.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Forget(FakeCuda fake)
    {
        var context = CudaContext.Open(fake.Table, 0);
        CudaStream stream = context.CreateStream();
        _ = context.CreateEvent();
        _ = context.AllocatePinned(64);
        _ = context.LoadModule(SmallKernels.Add());
        stream.Zero(context.Allocate(64).Address, 64);
    }
}
