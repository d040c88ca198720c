using Octet.Cuda.CublasLt;
using Octet.Cuda.Tests.FakeDriver;
using Octet.Cuda.Tests.FakeLibrary;

namespace Octet.Cuda.Tests.CublasLt;

public class CublasLtProbeTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("0")]
    public void Nobody_looks_who_was_not_asked_to(string? named)
        => Assert.Equal((null, null, "not asked for: OCTET_CUBLASLT=1 takes the one that is found, OCTET_CUBLASLT=PATH that one"), Told(CublasLtProbe.Find(named, 13000)));

    [Fact]
    public void A_library_that_is_not_there_is_told_with_its_name()
        => Assert.Equal(
            (null, null, "libnosuchlt.so.12 cannot be loaded: give the path of libcublasLt.so.12 or .13 (cublasLt64_12.dll or _13.dll)"),
            Told(CublasLtProbe.Find("libnosuchlt.so.12", 13000)));

    [Fact]
    public void A_library_that_is_another_one_is_not_taken()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "libc.so.6 is Linux's");

        Assert.Equal((null, "libc.so.6", "the library has no cublasLtGetVersion and 16 more functions: it is no cuBLASLt, or too old"), Told(CublasLtProbe.Find("libc.so.6", 13000)));
    }

    [Fact]
    public void One_of_CUDA_13_is_looked_for_where_the_driver_implements_that()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the names of Linux");

        Assert.Equal(["libcublasLt.so.13", "libcublasLt.so.12", "/usr/local/cuda/lib64/libcublasLt.so.13", "/usr/local/cuda/lib64/libcublasLt.so.12"], CublasLtProbe.Places(13000));
        Assert.Equal(["libcublasLt.so.12", "/usr/local/cuda/lib64/libcublasLt.so.12"], CublasLtProbe.Places(12080));
    }

    [Fact]
    public void A_version_before_12_is_too_old()
    {
        using var cuda = new FakeCuda();

        Assert.Equal((null, "libfakelt.so.13", "it is 11.8.0, expected 12.0.0 or newer"), Told(new FakeCublasLt(cuda) { Version = 110800 }.Probe));
    }

    [Fact]
    public void A_function_that_is_missing_is_named()
    {
        using var cuda = new FakeCuda();

        Assert.Equal(
            (null, "libfakelt.so.13", "the library has no cublasLtMatmulAlgoCheck: it is no cuBLASLt, or too old"),
            Told(new FakeCublasLt(cuda) { Missing = ["cublasLtMatmulAlgoCheck"] }.Probe));
    }

    static (CublasLtLibrary?, string?, string?) Told(CublasLtProbe probe) => (probe.Library, probe.Path, probe.Reason);
}
