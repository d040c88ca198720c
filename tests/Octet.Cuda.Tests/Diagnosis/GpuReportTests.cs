using System.Text.Json.Nodes;
using Octet.Cli.Diagnosis;
using Octet.Cuda.Diagnosis;
using Octet.Cuda.Driver;
using Octet.Cuda.Tests.FakeDriver;
using Octet.Cuda.Tests.FakeLibrary;

namespace Octet.Cuda.Tests.Diagnosis;

public class GpuReportTests
{
    static readonly MachineFacts s_facts = new("580.159", false, false, ["/dev/nvidia0"], null, null, null);

    [Fact]
    public void Cards_are_told_with_what_was_measured()
    {
        using var fake = new FakeCuda(new FakeCard { TotalBytes = 32 << 20 }, new FakeCard { Name = "Fake T4", Major = 7, Minor = 5, TotalBytes = 32 << 20 });

        string text = GpuReport.Text(CudaDiagnosis.Run(fake.Probe, s_facts, tries: true, model: null, CancellationToken.None));

        Assert.Equal(
            """
            driver            CUDA 13.0, libfake.so.1, kernel module 580.159
            cuda:0            Fake H200, compute capability 9.0, 4 multiprocessors, 32.0 MiB, 32.0 MiB free
                              L2 4.0 MiB, shared memory 227 KiB a block, PCI 0000:00:00.0, GPU-00010203-0405-0607-0809-0a0b0c0d0e0f
              kernels         sm_90a (Hopper: FP8 products of whole warp groups, copies by the tensor memory accelerator)
              copies          right
              FP8 codes       right
              products        right
              bandwidth       50.0 GB/s to the card, 40.0 GB/s back, 1000 GB/s on it (read and written)
            cuda:1            Fake T4, compute capability 7.5, 4 multiprocessors, 32.0 MiB, 32.0 MiB free
                              L2 4.0 MiB, shared memory 227 KiB a block, PCI 0000:01:00.0, GPU-10111213-1415-1617-1819-1a1b1c1d1e1f
              kernels         none: its compute capability is 7.5: expected 8.0 (Ampere) or newer
              copies          right
              bandwidth       50.0 GB/s to the card, 40.0 GB/s back, 1000 GB/s on it (read and written)
            cuBLASLt          not asked for: OCTET_CUBLASLT=1 takes the one that is found, OCTET_CUBLASLT=PATH that one

            """,
            text,
            ignoreLineEndingDifferences: true);
    }

    [Fact]
    public void JSON_has_what_the_text_has()
    {
        using var fake = new FakeCuda(new FakeCard { TotalBytes = 32 << 20 });

        JsonObject json = GpuReport.Json(CudaDiagnosis.Run(fake.Probe, s_facts, tries: true, model: null, CancellationToken.None));

        Assert.Equal(("libfake.so.1", "580.159", "13.0"), ((string?)json["library"], (string?)json["driver"], (string?)json["cuda_version"]));
        JsonNode card = json["cards"]![0]!;
        Assert.Equal(("cuda:0", "9.0", "sm_90a", true), ((string?)card["device"], (string?)card["compute_capability"], (string?)card["kernels"], (bool?)card["usable"]));
        Assert.Equal("right", (string?)card["checks"]!["copies"]);
        Assert.True((double?)card["bandwidth_bytes_per_second"]!["on_device"] > 9e11);
    }

    [Fact]
    public void A_library_that_was_asked_for_is_told_with_its_version_and_what_it_is_used_for()
    {
        using var fake = new FakeCuda(new FakeCard { TotalBytes = 96 << 20 }, new FakeCard { Name = "Fake L4", Major = 8, Minor = 9, TotalBytes = 96 << 20 });

        var diagnosis = CudaDiagnosis.Run(fake.Probe, s_facts, tries: true, model: null, CancellationToken.None, new FakeCublasLt(fake).Probe);

        string[] lines = [.. GpuReport.Text(diagnosis).Split('\n').Where(line => line.Contains("cuBLASLt", StringComparison.Ordinal))];
        Assert.Equal(
            [
                "  cuBLASLt        bfloat16: right, used for prompts; E4M3 in blocks: right, used for prompts",
                "  cuBLASLt        bfloat16: right, used for prompts; E4M3 in blocks: the library multiplies codes with scales of blocks on compute capability 9.0 alone, this is 8.9",
                "cuBLASLt          13.0.1, libfakelt.so.13",
            ],
            lines);
        JsonObject json = GpuReport.Json(diagnosis);
        Assert.Equal(("libfakelt.so.13", "13.0.1", null), ((string?)json["cublaslt"]!["library"], (string?)json["cublaslt"]!["version"], (string?)json["cublaslt"]!["refusal"]));
        Assert.Equal("used", (string?)json["cards"]![0]!["cublaslt"]!["block_scaled_e4m3"]);
        Assert.Null(fake.Fault);
        Assert.True(fake.IsClean);
    }

    [Fact]
    public void A_library_that_is_too_old_is_told_with_its_version()
    {
        using var fake = new FakeCuda(new FakeCard { TotalBytes = 96 << 20 });

        var diagnosis = CudaDiagnosis.Run(fake.Probe, s_facts, tries: false, model: null, CancellationToken.None, new FakeCublasLt(fake) { Version = 110800 }.Probe);

        Assert.Contains("\ncuBLASLt          11.8.0, libfakelt.so.13, not used: it is 11.8.0, expected 12.0.0 or newer\n", GpuReport.Text(diagnosis), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Code.NoDevice, "driver            CUDA 13.0, libfake.so.1, kernel module 580.159, does not work\n")]
    [InlineData(Code.Success, "driver            CUDA 13.0, libfake.so.1, kernel module 580.159\n")]
    public void A_driver_that_does_not_work_is_told_as_such(int result, string line)
    {
        using var fake = new FakeCuda(new FakeCard { TotalBytes = 32 << 20 }) { InitResult = result };

        Assert.StartsWith(line, GpuReport.Text(CudaDiagnosis.Run(fake.Probe, s_facts, tries: false, model: null, CancellationToken.None)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_summary_is_one_line()
    {
        using var fake = new FakeCuda(new FakeCard(), new FakeCard { Name = "Fake T4", Major = 7, Minor = 5 });

        Assert.Equal(
            "cuda:0 Fake H200 (sm_90a); cuda:1 Fake T4 (its compute capability is 7.5: expected 8.0 (Ampere) or newer); octet doctor --gpu tries them",
            GpuReport.Summary(CudaDiagnosis.Run(fake.Probe, s_facts, tries: false, model: null, CancellationToken.None)));
        Assert.Equal("none: no library", GpuReport.Summary(CudaDiagnosis.Run(new DriverProbe(null, null, 0, 0, "no library"), s_facts, tries: false, model: null, CancellationToken.None)));
    }
}
