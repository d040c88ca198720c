using System.Globalization;

namespace Octet.Numerics.Tests;

public class BFloat16Tests : SmallFloatTests<BFloat16>
{
    private protected override ExactFormat Format => ExactFormat.BFloat16;

    [Fact]
    public void Constants_are_the_nearest_codes()
    {
        Assert.Equal(0x3F80, BFloat16.One.ToBits());
        Assert.Equal(0x7F7F, BFloat16.MaxValue.ToBits());
        Assert.Equal(0x0001, BFloat16.Epsilon.ToBits());
        Assert.Equal(0x0080, BFloat16.MinNormal.ToBits());
        Assert.Equal(0x3C00, BFloat16.MachineEpsilon.ToBits());
        Assert.Equal(0x7FC0, BFloat16.NaN.ToBits());
        Assert.Equal(0x7F80, BFloat16.PositiveInfinity.ToBits());
        Assert.Equal(0x4049, BFloat16.Pi.ToBits());
        Assert.Equal(0x402E, BFloat16.E.ToBits());
        Assert.Equal(0x40C9, BFloat16.Tau.ToBits());
    }

    [Fact]
    public void A_code_is_the_upper_half_of_a_float32()
    {
        for (int code = 0; code < 65_536; code++)
        {
            Assert.Equal((uint)code << 16, BitConverter.SingleToUInt32Bits(BFloat16.FromBits((ushort)code)));
        }
    }

    [Theory]
    [InlineData(0x3F80, "1")]
    [InlineData(0x4049, "3.140625")]
    [InlineData(0x4381, "258")]
    [InlineData(0x3DCD, "0.10009765625")]
    [InlineData(0x7F7F, "3.39E+38")]
    [InlineData(0x0001, "9E-41")]
    [InlineData(0x0DA2, "1E-30")]
    public void Text_is_the_exact_value_or_the_fewest_digits_that_read_back(int bits, string text) =>
        Assert.Equal(text, BFloat16.FromBits((ushort)bits).ToString(null, CultureInfo.InvariantCulture));

    [Fact]
    public void A_product_that_is_a_tie_is_tipped_by_an_addend_that_float64_drops()
    {
        // (1 + 2^-4)(1 + 2^-4) = 1 + 2^-3 + 2^-8: half a unit above 1.125.
        var factor = (BFloat16)1.0625f;
        Assert.Equal(0x3F90, BFloat16.FusedMultiplyAdd(factor, factor, BFloat16.Zero).ToBits());
        Assert.Equal(0x3F91, BFloat16.FusedMultiplyAdd(factor, factor, BFloat16.Epsilon).ToBits());
        Assert.Equal(0x3F90, BFloat16.FusedMultiplyAdd(factor, factor, -BFloat16.Epsilon).ToBits());
    }
}
