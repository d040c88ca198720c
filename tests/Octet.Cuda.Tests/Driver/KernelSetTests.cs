using Octet.Cuda.Driver;

namespace Octet.Cuda.Tests.Driver;

public class KernelSetTests
{
    [Theory]
    [InlineData(8, 0, "sm_80")]
    [InlineData(8, 6, "sm_80")]
    [InlineData(8, 7, "sm_80")]
    [InlineData(8, 9, "sm_89")]
    [InlineData(9, 0, "sm_90a")]
    [InlineData(10, 0, "sm_89")]
    [InlineData(12, 0, "sm_89")]
    public void A_card_has_the_kernels_of_its_generation(int major, int minor, string target)
    {
        KernelSet? set = KernelSet.Choose(major, minor, 13000, out string? refusal);

        Assert.Equal(target, set?.Target);
        Assert.Null(refusal);
    }

    [Theory]
    [InlineData(7, 5)]
    [InlineData(6, 1)]
    public void An_older_card_has_none(int major, int minor)
    {
        Assert.Null(KernelSet.Choose(major, minor, 13000, out string? refusal));
        Assert.Equal($"its compute capability is {major}.{minor}: expected 8.0 (Ampere) or newer", refusal);
    }

    [Theory]
    [InlineData(8, 9, 12030, "the driver implements CUDA 12.3, and the kernels for sm_89 need 12.4: install driver R550 or newer")]
    [InlineData(9, 0, 11080, "the driver implements CUDA 11.8, and the kernels for sm_90a need 12.0: install driver R525 or newer")]
    public void A_driver_that_does_not_understand_them_is_told(int major, int minor, int version, string expected)
    {
        Assert.Null(KernelSet.Choose(major, minor, version, out string? refusal));
        Assert.Equal(expected, refusal);
    }

    [Fact]
    public void The_oldest_driver_of_each_generation_is_enough()
    {
        Assert.Equal("sm_90a", KernelSet.Choose(9, 0, 12000, out _)?.Target);
        Assert.Equal("sm_80", KernelSet.Choose(8, 0, 12040, out _)?.Target);
    }
}
