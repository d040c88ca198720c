namespace Octet.Numerics.Tests;

public class Float8E5M2Tests : SmallFloatTests<Float8E5M2>
{
    private protected override ExactFormat Format => ExactFormat.Float8E5M2;

    [Fact]
    public void Constants_are_the_nearest_codes()
    {
        Assert.Equal(0x3C, Float8E5M2.One.ToBits());
        Assert.Equal(0x7B, Float8E5M2.MaxValue.ToBits());
        Assert.Equal(0xFB, Float8E5M2.MinValue.ToBits());
        Assert.Equal(0x01, Float8E5M2.Epsilon.ToBits());
        Assert.Equal(0x04, Float8E5M2.MinNormal.ToBits());
        Assert.Equal(0x34, Float8E5M2.MachineEpsilon.ToBits());
        Assert.Equal(0x7E, Float8E5M2.NaN.ToBits());
        Assert.Equal(0x7C, Float8E5M2.PositiveInfinity.ToBits());
        Assert.Equal(0xFC, Float8E5M2.NegativeInfinity.ToBits());
        Assert.Equal(0x42, Float8E5M2.Pi.ToBits());
        Assert.Equal(0x41, Float8E5M2.E.ToBits());
        Assert.Equal(0x46, Float8E5M2.Tau.ToBits());
    }

    [Fact]
    public void Every_code_is_the_upper_byte_of_a_half()
    {
        for (int code = 0; code < 256; code++)
        {
            Half half = BitConverter.UInt16BitsToHalf((ushort)(code << 8));
            Assert.Equal(half, (Half)Float8E5M2.FromBits((byte)code));
        }
    }

    [Theory]
    [InlineData(57344, 0x7B, 0x7B, 0x7B)]
    [InlineData(61439.99, 0x7B, 0x7B, 0x7B)]
    [InlineData(61440, 0x7C, 0x7B, 0x7B)]
    [InlineData(-1e300, 0xFC, 0xFB, 0xFB)]
    [InlineData(double.PositiveInfinity, 0x7C, 0x7C, 0x7B)]
    [InlineData(double.NegativeInfinity, 0xFC, 0xFC, 0xFB)]
    [InlineData(7.62939453125E-06, 0x00, 0x00, 0x00)]
    [InlineData(7.62939453125001E-06, 0x01, 0x01, 0x01)]
    public void Overflow_follows_the_mode(double value, int nonSaturating, int saturateFinite, int saturate)
    {
        Assert.Equal(nonSaturating, ((Float8E5M2)value).ToBits());
        Assert.Equal(saturateFinite, Float8E5M2.FromDouble(value, OverflowMode.SaturateFinite).ToBits());
        Assert.Equal(saturate, Float8E5M2.FromDouble(value, OverflowMode.Saturate).ToBits());
    }

    // ml_dtypes/tests/float8_test.cc: Half_To_Float8E5m2.
    [Theory]
    [InlineData(0x7C01, 0x7E)]
    [InlineData(0xFC01, 0xFE)]
    [InlineData(0x3FFF, 0x40)]
    public void Halves_round_and_signalling_nans_become_quiet(int half, int expected) =>
        Assert.Equal(expected, ((Float8E5M2)BitConverter.UInt16BitsToHalf((ushort)half)).ToBits());

    [Fact]
    public void Generic_conversions_keep_infinity()
    {
        Assert.Equal(Float8E5M2.PositiveInfinity, Float8E5M2.CreateChecked(1e10));
        Assert.Equal(Float8E5M2.MaxValue, Float8E5M2.CreateSaturating(1e10));
        Assert.Equal(Float8E5M2.PositiveInfinity, Float8E5M2.CreateSaturating(double.PositiveInfinity));
        Assert.Equal(Float8E5M2.NegativeInfinity, Float8E5M2.CreateTruncating(-1e10m));
    }

    [Theory]
    [InlineData(0x7B, "57344")]
    [InlineData(0x01, "1.52587890625E-05")]
    [InlineData(0x07, "0.0001068115234375")]
    [InlineData(0x7C, "Infinity")]
    public void Text_is_the_exact_value(byte bits, string text) =>
        Assert.Equal(text, Float8E5M2.FromBits(bits).ToString(null, System.Globalization.CultureInfo.InvariantCulture));
}
