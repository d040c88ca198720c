using Octet.Cuda.Driver;
using Octet.Cuda.Tests.FakeDriver;

namespace Octet.Cuda.Tests.Driver;

public class DriverProbeTests
{
    [Fact]
    public void A_library_that_is_not_there_is_told_with_its_name()
    {
        DriverProbe probe = DriverProbe.Find("libnosuchcuda.so.1");

        Assert.Null(probe.Driver);
        Assert.Null(probe.Library);
        Assert.Equal("OCTET_LIBCUDA names libnosuchcuda.so.1, which cannot be loaded: install the driver, or give the container the card (--gpus all)", probe.Reason);
    }

    [Fact]
    public void A_library_that_is_another_one_is_no_driver()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "libc.so.6 is Linux's");

        DriverProbe probe = DriverProbe.Find("libc.so.6");

        Assert.Null(probe.Driver);
        Assert.Equal("libc.so.6", probe.Library);
        Assert.Contains("has no cuInit and ", probe.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Code.NoDevice, "cuInit failed with CUDA_ERROR_NO_DEVICE (100: no CUDA-capable device is detected); check that the card is there (nvidia-smi)")]
    [InlineData(Code.InsufficientDriver, "the driver is too old: install R550 or newer")]
    [InlineData(Code.Unknown, "reload the driver's modules or restart")]
    public void A_driver_that_does_not_start_tells_its_reason_and_what_to_do(int code, string fragment)
    {
        using var fake = new FakeCuda { InitResult = code };

        DriverProbe probe = fake.Probe;

        Assert.Null(probe.Driver);
        Assert.Equal(code, probe.Code);
        Assert.Equal(13000, probe.Version);
        Assert.Contains(fragment, probe.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_driver_without_a_function_that_is_needed_is_too_old()
    {
        using var fake = new FakeCuda { Missing = ["cuGraphInstantiateWithFlags", "cuGraphUpload"] };

        Assert.Equal("the NVIDIA driver has no cuGraphInstantiateWithFlags and 1 more functions: it is too old, install R550 or newer", fake.Probe.Reason);
    }

    [Fact]
    public void Functions_of_newer_drivers_may_be_missing()
    {
        using var card = new OpenCard(new FakeCuda { Missing = ["cuDeviceGetUuid_v2", "cuFuncLoad", "cuFuncGetParamInfo"] });
        using DeviceBlock block = card.Block(1, 2, 3);
        using CudaModule module = card.Context.LoadModule(SmallKernels.Add());

        module.GetFunction("add").Launch(card.Stream, 1, 32, 0, block.Span, 10, 3);

        Assert.Null(card.Context.Info.Uuid);
        Assert.Equal([11, 12, 13], card.Read(block.Span));
    }

    [Fact]
    public void A_card_tells_what_it_is()
    {
        using var fake = new FakeCuda(new FakeCard(), new FakeCard { Name = "Fake L4", Major = 8, Minor = 9, Multiprocessors = 58, L2Bytes = 48 << 20, SharedBytesPerBlock = 99 << 10, TotalBytes = 24L << 30 });

        CudaDeviceInfo info = CudaDeviceInfo.Read(fake.Table, 1);

        Assert.Equal(("Fake L4", "8.9", 58, 48 << 20, 99 << 10, 24L << 30), (info.Name, info.Capability, info.Multiprocessors, info.L2Bytes, info.SharedMemoryPerBlock, info.TotalMemory));
        Assert.Equal("GPU-10111213-1415-1617-1819-1a1b1c1d1e1f", info.UuidText);
        Assert.Equal("0000:01:00.0", info.PciBusId);
        Assert.Equal(13000, info.CudaVersion);
        Assert.False(info.IsPartition);
    }

    [Fact]
    public void What_a_driver_does_not_say_for_people_to_read_is_left_out()
    {
        using var fake = new FakeCuda();
        fake.Faults.Fail("cuDeviceGetPCIBusId", 1, Code.InvalidValue);
        fake.Faults.Fail("cuDeviceGetUuid_v2", 1, Code.InvalidValue);
        CudaDeviceInfo info = CudaDeviceInfo.Read(fake.Table, 0);

        Assert.Equal(("Fake H200", "", null), (info.Name, info.PciBusId, info.UuidText));
    }

    [Fact]
    public void A_part_of_a_card_is_known_by_its_own_number()
    {
        using var fake = new FakeCuda(new FakeCard { Name = "Fake H200 MIG 1g.18gb" });
        CudaDeviceInfo info = CudaDeviceInfo.Read(fake.Table, 0);

        Assert.True(info.IsPartition);
        Assert.StartsWith("MIG-", info.UuidText, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "there is no card cuda:1: there is one, cuda:0")]
    [InlineData(2, "there is no card cuda:2: there are 2, from cuda:0 on")]
    public void A_card_that_is_not_there_is_told_with_those_that_are(int ordinal, string message)
    {
        using var fake = new FakeCuda([.. Enumerable.Range(0, ordinal).Select(_ => new FakeCard())]);

        Assert.Equal(message, Assert.Throws<ModelException>(() => CudaContext.Open(fake.Table, ordinal)).Message);
        Assert.True(fake.IsClean);
    }
}
