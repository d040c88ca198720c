using System.Runtime.Intrinsics;
using System.Text.Json;

namespace Octet.Numerics.Tests;

/// <summary>The one format without sign, zero and mantissa.</summary>
public class Float8E8M0FNUTests
{
    [Fact]
    public void Every_code_is_its_power_of_two()
    {
        float[] bulk = new float[256];
        Float8E8M0FNU.ConvertToSingle([.. Enumerable.Range(0, 256).Select(code => Float8E8M0FNU.FromBits((byte)code))], bulk);
        for (int code = 0; code < 255; code++)
        {
            Float8E8M0FNU value = Float8E8M0FNU.FromBits((byte)code);
            Assert.Equal(Math.ScaleB(1, code - 127), (float)value);
            Assert.Equal(Math.ScaleB(1, code - 127), bulk[code]);
            Assert.Equal(code, ((Float8E8M0FNU)(float)value).ToBits());
            Assert.Equal(code, Float8E8M0FNU.FromDouble(value, RoundingMode.TowardZero).ToBits());
            Assert.Equal(code, Float8E8M0FNU.FromDouble(value, RoundingMode.TowardPositive).ToBits());
            Assert.True(Float8E8M0FNU.IsNormal(value) && Float8E8M0FNU.IsPositive(value) && !Float8E8M0FNU.IsZero(value));
            Assert.Equal(code, Float8E8M0FNU.Parse(value.ToString(), null).ToBits());
        }

        Assert.True(Float8E8M0FNU.IsNaN(Float8E8M0FNU.FromBits(0xFF)));
        Assert.True(float.IsNaN(bulk[255]));
    }

    [Fact]
    public void Products_and_quotients_are_those_of_float64_rounded_once()
    {
        for (int i = 0; i < 256 * 256; i++)
        {
            (Float8E8M0FNU left, Float8E8M0FNU right) = (Float8E8M0FNU.FromBits((byte)i), Float8E8M0FNU.FromBits((byte)(i >> 8)));
            Assert.Equal(((Float8E8M0FNU)((double)left * right)).ToBits(), (left * right).ToBits());
            Assert.Equal(((Float8E8M0FNU)((double)left / right)).ToBits(), (left / right).ToBits());
        }

        Float8E8M0FNU least = Float8E8M0FNU.FromBits(0);
        Assert.Equal(least, least * least);
    }

    [Fact]
    public void Every_code_is_itself_after_JSON()
    {
        Float8E8M0FNU[] values = [.. Enumerable.Range(0, 255).Select(code => Float8E8M0FNU.FromBits((byte)code))];

        Assert.Equal(values, JsonSerializer.Deserialize<Float8E8M0FNU[]>(JsonSerializer.Serialize(values))!);
        Assert.Equal("[0.125,1]", JsonSerializer.Serialize(values[124..128].Where((_, i) => i is 0 or 3)));
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<Float8E8M0FNU>("0"));
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<Float8E8M0FNU>("-1"));
    }

    // fp8-and-safetensors notes 2.2: ml_dtypes' default and saturating casts.
    [Theory]
    [InlineData(0.0, 0xFF, 0x00, 0x00)]
    [InlineData(-3.0, 0xFF, 0x00, 0x00)]
    [InlineData(double.NegativeInfinity, 0xFF, 0xFF, 0x00)]
    [InlineData(double.PositiveInfinity, 0xFF, 0xFF, 0xFE)]
    [InlineData(double.NaN, 0xFF, 0xFF, 0xFF)]
    [InlineData(1.0, 0x7F, 0x7F, 0x7F)]
    [InlineData(1.4999999, 0x7F, 0x7F, 0x7F)]
    [InlineData(1.5, 0x80, 0x80, 0x80)]
    [InlineData(3.0, 0x81, 0x81, 0x81)]
    [InlineData(1e-300, 0x00, 0x00, 0x00)]
    [InlineData(5.877471754111438e-39, 0x00, 0x00, 0x00)]
    [InlineData(5.877472454760670e-39, 0x01, 0x01, 0x01)]
    [InlineData(2.5521177519070385e38, 0xFF, 0xFE, 0xFE)]
    [InlineData(2.5521176519070385e38, 0xFE, 0xFE, 0xFE)]
    public void Casts_are_those_of_ml_dtypes(double value, int nonSaturating, int saturateFinite, int saturate)
    {
        Assert.Equal(nonSaturating, ((Float8E8M0FNU)value).ToBits());
        Assert.Equal(saturateFinite, Float8E8M0FNU.FromDouble(value, OverflowMode.SaturateFinite).ToBits());
        Assert.Equal(saturate, Float8E8M0FNU.FromDouble(value, OverflowMode.Saturate).ToBits());
        if (value == 0)
        {
            Assert.Equal(nonSaturating, ((Float8E8M0FNU)(-value)).ToBits());
        }
    }

    // OCP MX 1.0: the scale is 2^floor(log2 x).
    [Theory]
    [InlineData(1.9999999999, 0x7F, 0x80)]
    [InlineData(448.0, 0x87, 0x88)]
    [InlineData(5.9e-39, 0x00, 0x01)]
    [InlineData(1e-45, 0x00, 0x00)]
    public void Directed_rounding_gives_floor_and_ceiling_of_the_exponent(double value, int floor, int ceiling)
    {
        Assert.Equal(floor, Float8E8M0FNU.FromDouble(value, RoundingMode.TowardZero).ToBits());
        Assert.Equal(floor, Float8E8M0FNU.FromDouble(value, RoundingMode.TowardNegative).ToBits());
        Assert.Equal(ceiling, Float8E8M0FNU.FromDouble(value, RoundingMode.TowardPositive).ToBits());
        Assert.Equal((floor & 1) == 1 ? floor : ceiling, Float8E8M0FNU.FromDouble(value, RoundingMode.ToOdd).ToBits());
    }

    [Fact]
    public void Every_vector_width_rounds_as_one_value_alone()
    {
        float[] values =
        [
            .. Enumerable.Range(0, 70_000).Select(i => BitConverter.UInt32BitsToSingle((uint)(i * 61_357L))),
            0f, -0f, 5.877471754e-39f, 5.87747315e-39f, float.PositiveInfinity, float.NegativeInfinity, float.NaN, -float.NaN, float.MaxValue,
        ];
        foreach (OverflowMode mode in Enum.GetValues<OverflowMode>())
        {
            byte[] expected = [.. values.Select(value => Float8E8M0FNU.FromSingle(value, mode).ToBits())];
            Check((source, destination, rule) => new NearestNarrowing<Float8E8M0FNU>(source, destination, rule).Run<Lane, uint>());
            Check((source, destination, rule) => new NearestNarrowing<Float8E8M0FNU>(source, destination, rule).Run<Lanes128, Vector128<uint>>());
            Check((source, destination, rule) => new NearestNarrowing<Float8E8M0FNU>(source, destination, rule).Run<Lanes256, Vector256<uint>>());
            Check((source, destination, rule) => new NearestNarrowing<Float8E8M0FNU>(source, destination, rule).Run<Lanes512, Vector512<uint>>());
            Check(BulkConversion.ConvertFromSingle);

            void Check(Narrowing narrow)
            {
                var codes = new Float8E8M0FNU[values.Length];
                narrow(values, codes, mode);
                Assert.Equal(expected, codes.Select(code => code.ToBits()));
            }
        }

        var directed = new Float8E8M0FNU[values.Length];
        Float8E8M0FNU.ConvertFromSingle(values, directed, RoundingMode.TowardPositive);
        Assert.Equal(values.Select(value => Float8E8M0FNU.FromDouble(value, RoundingMode.TowardPositive).ToBits()), directed.Select(code => code.ToBits()));
    }

    [Fact]
    public void Constants_and_neighbours_stay_above_zero()
    {
        Assert.Equal(0x7F, Float8E8M0FNU.One.ToBits());
        Assert.Equal(0xFE, Float8E8M0FNU.MaxValue.ToBits());
        Assert.Equal(0x00, Float8E8M0FNU.MinValue.ToBits());
        Assert.Equal(0x00, Float8E8M0FNU.Epsilon.ToBits());
        Assert.Equal(0x00, Float8E8M0FNU.MinNormal.ToBits());
        Assert.Equal(0x7F, Float8E8M0FNU.MachineEpsilon.ToBits());
        foreach (Float8E8M0FNU none in new[] { Float8E8M0FNU.Zero, Float8E8M0FNU.NegativeOne, Float8E8M0FNU.NegativeZero, Float8E8M0FNU.PositiveInfinity, -Float8E8M0FNU.One })
        {
            Assert.Equal(0xFF, none.ToBits());
        }

        Assert.Equal(0x01, Float8E8M0FNU.BitIncrement(Float8E8M0FNU.MinValue).ToBits());
        Assert.Equal(0xFF, Float8E8M0FNU.BitIncrement(Float8E8M0FNU.MaxValue).ToBits());
        Assert.Equal(0xFD, Float8E8M0FNU.BitDecrement(Float8E8M0FNU.MaxValue).ToBits());
        Assert.Equal(0xFF, Float8E8M0FNU.BitDecrement(Float8E8M0FNU.MinValue).ToBits());
        Assert.Equal(4, (int)(Float8E8M0FNU)4);
        Assert.Equal(8f, Float8E8M0FNU.FromBits(0x81) * Float8E8M0FNU.FromBits(0x80));
        Assert.Throws<OverflowException>(() => Float8E8M0FNU.CreateChecked(0));
        Assert.Throws<OverflowException>(() => Float8E8M0FNU.CreateChecked(-1));
    }

    delegate void Narrowing(ReadOnlySpan<float> source, Span<Float8E8M0FNU> destination, OverflowMode mode);
}
