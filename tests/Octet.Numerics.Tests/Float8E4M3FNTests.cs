namespace Octet.Numerics.Tests;

public class Float8E4M3FNTests : SmallFloatTests<Float8E4M3FN>
{
    private protected override ExactFormat Format => ExactFormat.Float8E4M3FN;

    [Fact]
    public void Constants_are_the_nearest_codes()
    {
        Assert.Equal(0x00, Float8E4M3FN.Zero.ToBits());
        Assert.Equal(0x80, Float8E4M3FN.NegativeZero.ToBits());
        Assert.Equal(0x38, Float8E4M3FN.One.ToBits());
        Assert.Equal(0xB8, Float8E4M3FN.NegativeOne.ToBits());
        Assert.Equal(0x7E, Float8E4M3FN.MaxValue.ToBits());
        Assert.Equal(0xFE, Float8E4M3FN.MinValue.ToBits());
        Assert.Equal(0x01, Float8E4M3FN.Epsilon.ToBits());
        Assert.Equal(0x08, Float8E4M3FN.MinNormal.ToBits());
        Assert.Equal(0x20, Float8E4M3FN.MachineEpsilon.ToBits());
        Assert.Equal(0x7F, Float8E4M3FN.NaN.ToBits());
        Assert.Equal(0x7F, Float8E4M3FN.PositiveInfinity.ToBits());
        Assert.Equal(0xFF, Float8E4M3FN.NegativeInfinity.ToBits());
        Assert.Equal(0x45, Float8E4M3FN.Pi.ToBits());
        Assert.Equal(0x43, Float8E4M3FN.E.ToBits());
        Assert.Equal(0x4D, Float8E4M3FN.Tau.ToBits());
    }

    // OCP OFP8 1.0, ml_dtypes (default, saturating) and CUDA's cuda_fp8.hpp (satfinite).
    [Theory]
    [InlineData(448, 0x7E, 0x7E, 0x7E)]
    [InlineData(463.99, 0x7E, 0x7E, 0x7E)]
    [InlineData(464, 0x7E, 0x7E, 0x7E)]
    [InlineData(464.00003, 0x7F, 0x7E, 0x7E)]
    [InlineData(480, 0x7F, 0x7E, 0x7E)]
    [InlineData(-1e300, 0xFF, 0xFE, 0xFE)]
    [InlineData(double.PositiveInfinity, 0x7F, 0x7F, 0x7E)]
    [InlineData(double.NegativeInfinity, 0xFF, 0xFF, 0xFE)]
    [InlineData(0.0009765625, 0x00, 0x00, 0x00)]
    [InlineData(0.00097656250000000022, 0x01, 0x01, 0x01)]
    [InlineData(0.0029296875, 0x02, 0x02, 0x02)]
    public void Overflow_follows_the_mode(double value, int nonSaturating, int saturateFinite, int saturate)
    {
        Assert.Equal(nonSaturating, ((Float8E4M3FN)value).ToBits());
        Assert.Equal(nonSaturating, Float8E4M3FN.FromDouble(value, OverflowMode.NonSaturating).ToBits());
        Assert.Equal(saturateFinite, Float8E4M3FN.FromDouble(value, OverflowMode.SaturateFinite).ToBits());
        Assert.Equal(saturate, Float8E4M3FN.FromDouble(value, OverflowMode.Saturate).ToBits());
    }

    [Theory]
    [InlineData(0x7E, "448")]
    [InlineData(0x78, "256")]
    [InlineData(0x45, "3.25")]
    [InlineData(0x80, "-0")]
    [InlineData(0x01, "0.001953125")]
    [InlineData(0x87, "-0.013671875")]
    [InlineData(0x7F, "NaN")]
    public void Text_is_the_exact_value(byte bits, string text) =>
        Assert.Equal(text, Float8E4M3FN.FromBits(bits).ToString(null, System.Globalization.CultureInfo.InvariantCulture));

    [Fact]
    public void Casts_between_numbers_read_like_those_of_half()
    {
        Float8E4M3FN value = (Float8E4M3FN)17;
        Assert.Equal(16, (int)value);
        Assert.Equal(16.0, (double)value);
        Assert.Equal((Half)16, (Half)value);
        Assert.Equal(16m, (decimal)value);
        Assert.Equal(0.013671875m, (decimal)Float8E4M3FN.FromBits(7));
        float widened = value;
        Assert.Equal(16f, widened);
        Assert.Equal(value, (Float8E4M3FN)(byte)16);
        Assert.Equal(value, (Float8E4M3FN)(sbyte)16);
        Assert.Equal(value, (Float8E4M3FN)(short)16);
        Assert.Equal(value, (Float8E4M3FN)(ushort)16);
        Assert.Equal(value, (Float8E4M3FN)16u);
        Assert.Equal(value, (Float8E4M3FN)16L);
        Assert.Equal(value, (Float8E4M3FN)16ul);
        Assert.Equal(value, (Float8E4M3FN)(nint)16);
        Assert.Equal(value, (Float8E4M3FN)16f);
        Assert.Equal(value, (Float8E4M3FN)(Half)16);
        Assert.Equal(value, (Float8E4M3FN)16m);
        Assert.Equal((byte)16, (byte)value);
        Assert.Equal(16u, (uint)value);
        Assert.Equal(16ul, (ulong)value);
        Assert.Equal((nint)16, (nint)value);
        Assert.Equal('\u0010', (char)value);
        Assert.Equal(value, (Float8E4M3FN)(float)(BFloat16)16);
    }

    [Fact]
    public void A_checked_conversion_names_the_value_and_the_range()
    {
        string message = Assert.Throws<OverflowException>(() => Float8E4M3FN.CreateChecked(1000)).Message;
        Assert.Equal("1000 is not between -448 and 448, the range of Float8E4M3FN", message);
        Assert.Throws<OverflowException>(() => Float8E4M3FN.CreateChecked(double.PositiveInfinity));
        Assert.True(Float8E4M3FN.IsNaN(Float8E4M3FN.CreateChecked(double.NaN)));
        Assert.Equal(448f, Float8E4M3FN.CreateChecked(464));
        Assert.Equal(448f, Float8E4M3FN.CreateSaturating(double.PositiveInfinity));
        Assert.True(Float8E4M3FN.IsNaN(Float8E4M3FN.CreateTruncating(1000)));
    }

    [Fact]
    public void A_sum_that_float32_would_hold_is_rounded_to_the_type() =>
        Assert.Equal(16f, (Float8E4M3FN)16 + (Float8E4M3FN)0.5f);
}
