using Octet.Cuda.Driver;
using Octet.Cuda.Tests.FakeDriver;

namespace Octet.Cuda.Tests.Driver;

public class CudaErrorTests
{
    [Fact]
    public void Memory_that_is_not_there_is_told_in_bytes_asked_and_free()
    {
        using var card = new OpenCard(new FakeCuda(new FakeCard { TotalBytes = 64 << 20 }));
        using DeviceBlock half = card.Context.Allocate(32 << 20);

        CudaException error = Assert.Throws<CudaException>(() => card.Context.Allocate(48 << 20));

        Assert.Equal(ModelError.Full, error.Error);
        Assert.Equal((2, "CUDA_ERROR_OUT_OF_MEMORY", "cuMemAlloc_v2", 48L << 20, 32L << 20), (error.Code, error.Name, error.Call, error.BytesAsked, error.BytesFree));
        Assert.Equal(
            "cuMemAlloc_v2 failed with CUDA_ERROR_OUT_OF_MEMORY (2: out of memory): 48 MiB were asked for, and 32 MiB are free; use a smaller model or a shorter context, or end what else uses the card (nvidia-smi lists it)",
            error.Message);
        Assert.Equal(32L << 20, card.Context.Memory.Taken);
        Assert.Null(card.Context.Failure);
    }

    [Fact]
    public void Pinned_memory_that_is_not_there_is_told_too()
    {
        using var card = new OpenCard();
        card.Fake.Faults.Fail("cuMemHostAlloc", 1, Code.OutOfMemory);

        CudaException error = Assert.Throws<CudaException>(() => card.Context.AllocatePinned(1 << 20));

        Assert.Equal((ModelError.Full, 1L << 20, null), (error.Error, error.BytesAsked, error.BytesFree));
    }

    [Fact]
    public void Text_that_is_no_PTX_is_refused_with_the_compilers_log()
    {
        using var card = new OpenCard();

        CudaException error = Assert.Throws<CudaException>(() => card.Context.LoadModule(SmallKernels.Add().Replace("add.s64", "frobnicate.s64", StringComparison.Ordinal)));

        Assert.Equal((218, "cuModuleLoadDataEx"), (error.Code, error.Call));
        Assert.Contains("error: ptx line", error.Message, StringComparison.Ordinal);
        Assert.Contains("frobnicate", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void A_driver_older_than_the_text_says_so()
    {
        using var card = new OpenCard(new FakeCuda { Version = 12020 });

        CudaException error = Assert.Throws<CudaException>(() => card.Context.LoadModule(SmallKernels.Add("8.4")));

        Assert.Equal((ModelError.Unsupported, 222), (error.Error, error.Code));
        Assert.EndsWith("the driver is too old: install R550 or newer", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_for_another_card_is_refused()
    {
        using var card = new OpenCard(new FakeCuda(new FakeCard { Major = 8, Minor = 6 }));

        Assert.Equal(209, Assert.Throws<CudaException>(() => card.Context.LoadModule(SmallKernels.Add("8.4", "sm_89"))).Code);
    }

    [Fact]
    public void A_kernel_that_is_not_there_is_named()
    {
        using var card = new OpenCard();
        using CudaModule module = card.Context.LoadModule(SmallKernels.Add());

        Assert.Equal("cuModuleGetFunction of subtract failed with CUDA_ERROR_NOT_FOUND (500: named symbol not found)", Assert.Throws<CudaException>(() => module.GetFunction("subtract")).Message);
    }

    [Fact]
    public void After_an_error_that_ends_the_context_every_call_fails_with_the_first_one()
    {
        using var card = new OpenCard();
        using DeviceBlock block = card.Context.Allocate(64);
        card.Fake.Faults.Fail("cuStreamSynchronize", 1, Code.LaunchFailed);

        CudaException first = Assert.Throws<CudaException>(card.Stream.Synchronize);
        int calls = card.Fake.Faults.Calls("cuMemAlloc_v2");
        CudaException second = Assert.Throws<CudaException>(() => card.Context.Allocate(64));

        Assert.Equal((ModelError.DeviceFailed, 719), (first.Error, first.Code));
        Assert.Same(first, card.Context.Failure);
        Assert.Same(first, second.InnerException);
        Assert.Equal($"Allocate was not tried, the card has failed before: {first.Message}", second.Message);
        Assert.Equal(calls, card.Fake.Faults.Calls("cuMemAlloc_v2"));
        Assert.Throws<CudaException>(() => card.Stream.Zero(block.Address, 64));
        Assert.Throws<CudaException>(() => card.Context.MemoryInfo());
    }

    [Fact]
    public void An_error_that_ends_nothing_is_over_when_it_was_told()
    {
        using var card = new OpenCard();
        card.Fake.Faults.Fail("cuMemsetD8Async", 1, Code.InvalidValue);
        using DeviceBlock block = card.Context.Allocate(4);

        Assert.Equal(1, Assert.Throws<CudaException>(() => card.Stream.Zero(block.Address, 4)).Code);

        card.Stream.Zero(block.Address, 4);
        Assert.Equal([0], card.Read(block.Span));
    }

    [Fact]
    public void A_card_may_be_lost_in_any_call_and_all_is_given_back()
    {
        int nth = 0;
        bool lost;
        do
        {
            nth++;
            using var fake = new FakeCuda();
            _ = fake.Table;
            fake.Faults.FailAny(nth, nth % 2 == 0 ? Code.IllegalAddress : Code.LaunchFailed);
            lost = false;
            try
            {
                UseEverything(fake.Table);
            }
            catch (CudaException error)
            {
                lost = true;
                Assert.Equal(nth % 2 == 0 ? Code.IllegalAddress : Code.LaunchFailed, error.Code);
                Assert.DoesNotContain('\n', error.Message);
            }

            Assert.True(fake.IsClean, $"call {nth}: {fake.LiveHandles} handles, {fake.LivePinned} pinned, {fake.LiveAllocations} allocations are left");
        }
        while (lost || nth < 40);
    }

    static unsafe void UseEverything(CudaDriver driver)
    {
        using CudaContext context = CudaContext.Open(driver, 0);
        using CudaStream stream = context.CreateStream();
        using CudaEvent mark = context.CreateEvent();
        using DeviceBlock block = context.Allocate(64);
        using PinnedBlock pinned = context.AllocatePinned(64);
        using CudaModule module = context.LoadModule(SmallKernels.Add());
        CudaFunction add = module.GetFunction("add");
        stream.CopyToDevice(block.Address, pinned.Pointer, 64);
        stream.BeginCapture();
        CudaGraph graph;
        try
        {
            add.Launch(stream, 1, 32, 0, block.Span, 1, 16);
            graph = stream.EndCapture();
        }
        catch
        {
            stream.CancelCapture();
            throw;
        }

        using (graph)
        {
            graph.Launch(stream);
            mark.Record(stream);
            stream.Wait(mark);
            stream.CopyToHost(pinned.Pointer, block.Address, 64);
            mark.Synchronize();
            stream.Synchronize();
        }
    }
}
