using Octet.Cuda.Driver;
using Octet.Cuda.Tests.FakeDriver;

namespace Octet.Cuda.Tests.Driver;

public unsafe class CudaFunctionTests
{
    [Fact]
    public void A_kernel_gets_its_grid_and_its_arguments()
    {
        using var card = new OpenCard();
        using DeviceBlock block = card.Block([.. Enumerable.Range(0, 100)]);
        using CudaModule module = card.Context.LoadModule(SmallKernels.Add());

        module.GetFunction("add").Launch(card.Stream, new Dim3(3), new Dim3(32), 0, block.Span, -5, 70);

        Assert.Equal([.. Enumerable.Range(0, 100).Select(i => i < 70 ? i - 5 : i)], card.Read(block.Span));
    }

    [Fact]
    public void Arguments_may_be_given_as_addresses()
    {
        using var card = new OpenCard();
        using DeviceBlock block = card.Block(1);
        using CudaModule module = card.Context.LoadModule(SmallKernels.Add());
        ulong address = block.Address;
        int value = 2;
        int count = 1;
        void** arguments = stackalloc void*[] { &address, &value, &count };

        module.GetFunction("add").Launch(card.Stream, 1, 1, 0, arguments);
        value = 100;

        Assert.Equal([3], card.Read(block.Span));
    }

    [Fact]
    public void Another_number_of_arguments_than_the_kernel_has_is_refused()
    {
        using var card = new OpenCard();
        using CudaModule module = card.Context.LoadModule(SmallKernels.Add());
        CudaFunction add = module.GetFunction("add");

        Assert.StartsWith("2 arguments for the kernel add: expected 3", Assert.Throws<ArgumentException>(() => add.Launch(card.Stream, 1, 1, 0, 1ul, 2)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => add.Launch(card.Stream, 1, 1, 0, 1ul, 2, 3, 4));
    }

    [Fact]
    public void More_shared_memory_than_a_block_has_by_itself_is_asked_for()
    {
        using var card = new OpenCard();
        using DeviceBlock block = card.Block(1);
        using CudaModule module = card.Context.LoadModule(SmallKernels.Add());
        CudaFunction add = module.GetFunction("add");

        Assert.StartsWith("cuLaunchKernel of add failed with CUDA_ERROR_INVALID_VALUE", Assert.Throws<CudaException>(() => add.Launch(card.Stream, 1, 1, 100_000, block.Span, 1, 1)).Message, StringComparison.Ordinal);
        add.AllowShared(100_000);
        add.Launch(card.Stream, 1, 1, 100_000, block.Span, 1, 1);

        Assert.Equal([2], card.Read(block.Span));
        Assert.Contains("300000 bytes of shared memory", Assert.Throws<CudaException>(() => add.AllowShared(300_000)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_kernel_tells_its_limits()
    {
        using var card = new OpenCard();
        using CudaModule module = card.Context.LoadModule(SmallKernels.Add());
        CudaFunction add = module.GetFunction("add");

        Assert.Equal((1024, 0, 0, 32), (add.MaxThreadsPerBlock, add.StaticSharedBytes, add.LocalBytesPerThread, add.RegistersPerThread));
        Assert.Equal(2, add.BlocksPerMultiprocessor(256, 100 << 10));
    }

    [Fact]
    public void A_kernel_that_leaves_its_memory_ends_the_context()
    {
        using var card = new OpenCard();
        using DeviceBlock block = card.Block(1);
        using CudaModule module = card.Context.LoadModule(SmallKernels.Add());
        module.GetFunction("add").Launch(card.Stream, 1, 32, 0, block.Span, 1, 2);

        CudaException error = Assert.Throws<CudaException>(card.Stream.Synchronize);

        Assert.Equal((ModelError.DeviceFailed, 700, "cuStreamSynchronize"), (error.Error, error.Code, error.Call));
        Assert.NotNull(card.Context.Failure);
        Assert.NotNull(card.Fake.Fault);
    }

    [Fact]
    public void A_launch_that_waits_names_the_kernel_that_failed()
    {
        using var fake = new FakeCuda();
        using CudaContext context = CudaContext.Open(fake.Table, 0, synchronizesLaunches: true);
        using CudaStream stream = context.CreateStream();
        using CudaModule module = context.LoadModule(SmallKernels.Add());
        CudaFunction add = module.GetFunction("add");

        Assert.Equal("add", Assert.Throws<CudaException>(() => add.Launch(stream, 1, 1, 0, 4096ul, 1, 1)).Call);
    }

    [Fact]
    public void A_variable_of_a_module_is_found_and_read()
    {
        using var card = new OpenCard();
        using CudaModule module = card.Context.LoadModule(SmallKernels.Add());

        Assert.Equal([7], card.Read(module.GetGlobal("scale")));
    }

    [Theory]
    [InlineData(9, 13000, 2)]
    [InlineData(9, 12030, 2)]
    [InlineData(9, 12020, 0)]
    [InlineData(8, 13000, 0)]
    public void Kernels_that_wait_by_themselves_overlap_where_card_and_driver_can(int major, int version, int expected)
    {
        using var card = new OpenCard(new FakeCuda(new FakeCard { Major = major }) { Version = version });
        using DeviceBlock block = card.Block(1, 1, 1);
        using CudaModule module = card.Context.LoadModule(major == 9 ? SmallKernels.Waiting : SmallKernels.Add());
        CudaFunction kernel = module.GetFunction("add", overlaps: true);

        // The first has a copy before it.
        for (int i = 0; i < 3; i++)
        {
            kernel.Launch(card.Stream, 1, new Dim3(32), 0, block.Span, 2, 3);
        }

        Assert.Equal([7, 7, 7], card.Read(block.Span));
        Assert.Equal(expected, card.Fake.Card.Overlapping);
    }

    [Fact]
    public void Launches_overlap_in_graphs_too()
    {
        using var card = new OpenCard();
        using DeviceBlock block = card.Block(0);
        using CudaModule module = card.Context.LoadModule(SmallKernels.Waiting);
        CudaFunction kernel = module.GetFunction("add", overlaps: true);
        card.Stream.BeginCapture();
        kernel.Launch(card.Stream, 1, new Dim3(32), 0, block.Span, 2, 1);
        kernel.Launch(card.Stream, 1, new Dim3(32), 0, block.Span, 3, 1);
        using CudaGraph graph = card.Stream.EndCapture();

        graph.Launch(card.Stream);
        kernel.Launch(card.Stream, 1, new Dim3(32), 0, block.Span, 10, 1);

        Assert.Equal([15], card.Read(block.Span));
        Assert.Equal(1, card.Fake.Card.Overlapping);
    }

    [Fact]
    public void A_kernel_that_does_not_wait_begins_when_all_before_it_has_ended()
    {
        using var card = new OpenCard();
        using DeviceBlock block = card.Block(0);
        using CudaModule module = card.Context.LoadModule(SmallKernels.Add());
        CudaFunction kernel = module.GetFunction("add");
        kernel.Launch(card.Stream, 1, new Dim3(32), 0, block.Span, 2, 1);
        kernel.Launch(card.Stream, 1, new Dim3(32), 0, block.Span, 2, 1);

        Assert.Equal([4], card.Read(block.Span));
        Assert.Equal(0, card.Fake.Card.Overlapping);
    }
}
