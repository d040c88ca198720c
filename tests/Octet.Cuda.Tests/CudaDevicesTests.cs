using Octet.Backends;
using Octet.Cuda.CublasLt;
using Octet.Cuda.Driver;
using Octet.Cuda.Tests.FakeDriver;
using Octet.Testing;

namespace Octet.Cuda.Tests;

public class CudaDevicesTests
{
    [Fact]
    public void Without_a_driver_its_reason_refuses_every_card()
        => Assert.Equal("no library", CudaDevices.Refusal(new DriverProbe(null, null, 0, 0, "no library"), 0));

    [Fact]
    public void A_card_is_refused_by_its_number_its_age_and_its_driver()
    {
        using var fake = new FakeCuda(new FakeCard(), new FakeCard { Name = "Fake T4", Major = 7, Minor = 5 });

        Assert.Null(CudaDevices.Refusal(fake.Probe, 0));
        Assert.Equal("Fake T4: its compute capability is 7.5: expected 8.0 (Ampere) or newer", CudaDevices.Refusal(fake.Probe, 1));
        Assert.Equal("there are 2 cards, cuda:0 to cuda:1", CudaDevices.Refusal(fake.Probe, 2));
        fake.Faults.Fail("cuDeviceGetCount", 1, Code.Unknown);
        Assert.StartsWith("cuDeviceGetCount failed with CUDA_ERROR_UNKNOWN", CudaDevices.Refusal(fake.Probe, 0), StringComparison.Ordinal);
    }

    [Fact]
    public void A_card_is_opened_for_the_backend_and_closed_where_that_fails()
    {
        using var fake = new FakeCuda(new FakeCard(), new FakeCard());
        var error = new ModelException(ModelError.Full, "no room");
        (int, ActivationMode)? opened = null;
        DeviceKind kind = CudaDevices.Kind(
            () => fake.Probe,
            (context, mode) =>
            {
                opened = (context.Info.Ordinal, mode);
                throw error;
            });

        Assert.Null(kind.Refusal(1));
        Assert.Same(error, Assert.Throws<ModelException>(() => kind.Create(1, ActivationMode.Dynamic)));
        Assert.Equal((1, ActivationMode.Dynamic), opened);
        Assert.True(fake.IsClean);
    }

    [Fact]
    public void The_library_that_options_name_is_looked_for_and_0_is_none()
    {
        Assert.Same(CublasLtProbe.NotAsked, CudaDevices.Library(new CudaDeviceOptions { CublasLt = "0" }));
        Assert.StartsWith("libnosuchlt.so.12 cannot be loaded", CudaDevices.Library(new CudaDeviceOptions { CublasLt = "libnosuchlt.so.12" }).Reason, StringComparison.Ordinal);
        Assert.Same(CublasLtProbe.Machine, CudaDevices.Library(new CudaDeviceOptions()));
    }

    [Theory]
    [InlineData(8, null)]
    [InlineData(16, "a mixture that chooses 16 experts for each of 4096 tokens at a time has 66432 rows on cuda, expected at most 65535: use fewer tokens at a time (PrefillChunk, --chunk)")]
    public void A_mixture_with_more_rows_than_a_grid_has_is_refused_before_it_computes(int chosen, string? refusal)
    {
        using var fake = new FakeCuda();
        using var backend = new CudaBackend(CudaContext.Open(fake.Table, 0), ActivationMode.WeightOnly);
        Exception? error = Record.Exception(() => backend.CreateRoutes(4096, new RoutingRule(128, chosen, ExpertScoring.Softmax), 128, 128).Dispose());

        Assert.Equal(refusal, error?.Message);
    }

    [Fact]
    public void Without_kernels_a_card_is_refused()
    {
        using var fake = new FakeCuda();

        Assert.Equal("this build has no kernels for cards: use cpu", CudaDevices.Kind(() => fake.Probe, create: null).Refusal(0));
    }

    [Fact]
    public void The_example_of_the_documentation_runs_with_a_card_and_without()
    {
        Directory.SetCurrentDirectory(Fixtures.Repository);
        var Console = new StringWriter();

        // <register>
        CudaDevices.Register();
        using var model = LanguageModel.Load("models/octet-tiny", new() { Device = "auto" });
        Console.Write(model.Device);

        // </register>
        Assert.NotEmpty(Console.ToString());
        Assert.Contains($"```csharp\nusing Octet;\nusing Octet.Cuda;\n\n{Fixtures.Example("register")}```", Fixtures.Page("docs", "gpu.md"), StringComparison.Ordinal);
    }
}
