namespace Octet.Numerics.Tests;

/// <summary>
/// What the FP8 numbers of Nx (nx 88045992, its binary backend) get wrong, one test to a defect; the expected values are the mathematics,
/// not its output.
/// </summary>
public class UpstreamDefectTests
{
    static Float8E4M3FN E4M3(double value) => (Float8E4M3FN)value;

    static Float8E5M2 E5M2(double value) => (Float8E5M2)value;

    [Fact]
    public void Constants_of_E4M3FN_are_its_own_and_not_those_of_E5M2()
    {
        Assert.Equal((0x20, 0.125f), (Float8E4M3FN.MachineEpsilon.ToBits(), (float)Float8E4M3FN.MachineEpsilon));
        Assert.Equal((0x45, 3.25f), (Float8E4M3FN.Pi.ToBits(), (float)Float8E4M3FN.Pi));
        Assert.Equal((0x43, 2.75f), (Float8E4M3FN.E.ToBits(), (float)Float8E4M3FN.E));
        Assert.Equal((0x31, 0.5625f), (Float8E4M3FN.EulerGamma.ToBits(), (float)Float8E4M3FN.EulerGamma));
    }

    [Fact]
    public void Constants_of_E5M2_are_rounded()
    {
        Assert.Equal((0x34, 0.25f), (Float8E5M2.MachineEpsilon.ToBits(), (float)Float8E5M2.MachineEpsilon));
        Assert.Equal((0x42, 3f), (Float8E5M2.Pi.ToBits(), (float)Float8E5M2.Pi));
        Assert.Equal((0x41, 2.5f), (Float8E5M2.E.ToBits(), (float)Float8E5M2.E));
        Assert.Equal((0x39, 0.625f), (Float8E5M2.EulerGamma.ToBits(), (float)Float8E5M2.EulerGamma));
    }

    [Fact]
    public void Limits_are_those_of_the_OCP_standard()
    {
        Assert.Equal([0x7E, 0xFE, 0x08, 0x01, 0x7F], new[] { Float8E4M3FN.MaxValue, Float8E4M3FN.MinValue, Float8E4M3FN.MinNormal, Float8E4M3FN.Epsilon, Float8E4M3FN.NaN }.Select(x => (int)x.ToBits()));
        Assert.Equal([0x7B, 0xFB, 0x04, 0x01, 0x7E], new[] { Float8E5M2.MaxValue, Float8E5M2.MinValue, Float8E5M2.MinNormal, Float8E5M2.Epsilon, Float8E5M2.NaN }.Select(x => (int)x.ToBits()));
        Assert.Equal(Math.ScaleB(1, -9), (double)Float8E4M3FN.Epsilon);
        Assert.Equal(Math.ScaleB(1, -16), (double)Float8E5M2.Epsilon);
    }

    [Theory]
    [InlineData(1.0625, 1.0)]
    [InlineData(17, 16)]
    [InlineData(0.0009765625, 0)]
    public void Ties_go_to_the_even_code(double value, double expected) => Assert.Equal(expected, (double)E4M3(value));

    [Theory]
    [InlineData(1.97, 2.0)]
    [InlineData(0.0155, 0.015625)]
    [InlineData(255, 256)]
    public void A_mantissa_that_rounds_up_carries_into_the_exponent(double value, double expected) => Assert.Equal(expected, (double)E4M3(value));

    [Theory]
    [InlineData(1.249, 1.25)]
    [InlineData(1.375, 1.5)]
    [InlineData(1.9, 2.0)]
    [InlineData(1e-5, 0.0000152587890625)]
    public void E5M2_rounds_and_does_not_truncate(double value, double expected) => Assert.Equal(expected, (double)E5M2(value));

    [Fact]
    public void Subnormal_numbers_of_E5M2_are_multiples_of_the_smallest()
    {
        for (int code = 1; code <= 3; code++)
        {
            Assert.Equal(code * Math.ScaleB(1, -16), (double)Float8E5M2.FromBits((byte)code));
        }
    }

    [Fact]
    public void BFloat16_rounds_and_does_not_truncate()
    {
        Assert.Equal(0x3F81, ((BFloat16)1.0059f).ToBits());
        Assert.Equal(0x4049, ((BFloat16)MathF.PI).ToBits());
        Assert.Equal(0x3F80, ((BFloat16)BitConverter.UInt32BitsToSingle(0x3F80_8000)).ToBits());
        Assert.Equal(0x3F82, ((BFloat16)BitConverter.UInt32BitsToSingle(0x3F81_8000)).ToBits());
        Assert.Equal(0x7F80, ((BFloat16)float.MaxValue).ToBits());
    }

    [Fact]
    public void All_44801_hundredths_to_448_are_the_nearest_E4M3FN()
    {
        float[] values = [.. Enumerable.Range(0, 44_801).Select(i => (float)(i * 0.01))];
        var codes = new Float8E4M3FN[values.Length];
        Float8E4M3FN.ConvertFromSingle(values, codes);
        for (int i = 0; i < values.Length; i++)
        {
            Assert.Equal(ExactFormat.Float8E4M3FN.Round(i * 0.01), E4M3(i * 0.01).ToBits());
            Assert.Equal(ExactFormat.Float8E4M3FN.Round(values[i]), codes[i].ToBits());
        }
    }

    [Fact]
    public void All_20001_thousandths_to_20_are_the_nearest_E5M2()
    {
        float[] values = [.. Enumerable.Range(0, 20_001).Select(i => (float)(i * 0.001))];
        var codes = new Float8E5M2[values.Length];
        Float8E5M2.ConvertFromSingle(values, codes);
        for (int i = 0; i < values.Length; i++)
        {
            Assert.Equal(ExactFormat.Float8E5M2.Round(i * 0.001), E5M2(i * 0.001).ToBits());
            Assert.Equal(ExactFormat.Float8E5M2.Round(values[i]), codes[i].ToBits());
        }
    }

    [Fact]
    public void All_256_codes_of_both_types_decode()
    {
        for (int code = 0; code < 256; code++)
        {
            Assert.Equal(ExactFormat.Float8E4M3FN.Value(code), (double)Float8E4M3FN.FromBits((byte)code));
            Assert.Equal(ExactFormat.Float8E5M2.Value(code), (double)Float8E5M2.FromBits((byte)code));
        }
    }

    [Theory]
    [InlineData(500.0, OverflowMode.NonSaturating, 0x7F, 0x60)]
    [InlineData(500.0, OverflowMode.SaturateFinite, 0x7E, 0x60)]
    [InlineData(70000.0, OverflowMode.NonSaturating, 0x7F, 0x7C)]
    [InlineData(70000.0, OverflowMode.SaturateFinite, 0x7E, 0x7B)]
    [InlineData(70000.0, OverflowMode.Saturate, 0x7E, 0x7B)]
    [InlineData(double.PositiveInfinity, OverflowMode.NonSaturating, 0x7F, 0x7C)]
    [InlineData(double.PositiveInfinity, OverflowMode.SaturateFinite, 0x7F, 0x7C)]
    [InlineData(double.PositiveInfinity, OverflowMode.Saturate, 0x7E, 0x7B)]
    public void Overflow_is_a_choice(double value, OverflowMode mode, int e4m3, int e5m2)
    {
        Assert.Equal(e4m3, Float8E4M3FN.FromDouble(value, mode).ToBits());
        Assert.Equal(e5m2, Float8E5M2.FromDouble(value, mode).ToBits());
    }

    [Fact]
    public void Promotion_is_commutative_and_FP8_never_wins()
    {
        foreach (DataType other in new[] { DataType.Float32, DataType.Float16, DataType.BFloat16, DataType.Float8E5M2, DataType.Int32, DataType.Complex64 })
        {
            foreach (DataType fp8 in new[] { DataType.Float8E4M3FN, DataType.Float8E5M2 })
            {
                Assert.Equal(DataType.Promote(fp8, other), DataType.Promote(other, fp8));
                Assert.True(fp8 == other || DataType.Promote(fp8, other).BitSize() > 8);
            }
        }
    }

    [Fact]
    public void Sums_means_and_dot_products_are_accumulated_in_float32()
    {
        Float8E4M3FN[] ones = [.. Enumerable.Repeat(Float8E4M3FN.One, 1000)];
        Float8E5M2[] wideOnes = [.. Enumerable.Repeat(Float8E5M2.One, 1000)];
        Float8E4M3FN[] fours = [.. Enumerable.Repeat(E4M3(4), 64)];
        Assert.Equal(1000, SmallFloatPrimitives.Sum<Float8E4M3FN>(ones));
        Assert.Equal(1000, SmallFloatPrimitives.Sum<Float8E5M2>(wideOnes));
        Assert.Equal(1, SmallFloatPrimitives.Mean<Float8E4M3FN>(ones));
        Assert.Equal(1024, SmallFloatPrimitives.Dot<Float8E4M3FN, Float8E4M3FN>(fours, fours));
        Assert.Equal(1024, SmallFloatPrimitives.Dot<Float8E4M3FN>(fours, [.. Enumerable.Repeat(4f, 64)]));
        Assert.Equal(448, (float)SmallFloatPrimitives.Dot(fours, fours, OverflowMode.Saturate));
    }

    [Fact]
    public void Text_is_the_value_and_not_the_shortest_that_reads_back()
    {
        Assert.Equal(["448", "416", "288", "3.25", "0.001953125"], new[] { 448, 416, 288, 3.25, 0.001953125 }.Select(value => E4M3(value).ToString()));
        Assert.Equal("57344", Float8E5M2.MaxValue.ToString());
        Assert.Equal("0.125", Float8E4M3FN.MachineEpsilon.ToString());
    }

    [Fact]
    public void FNUZ_E8M0_FP6_and_FP4_exist()
    {
        Assert.Equal(240, (float)Float8E4M3FNUZ.MaxValue);
        Assert.Equal(57344, (float)Float8E5M2FNUZ.MaxValue);
        Assert.Equal(30, (float)Float8E4M3B11FNUZ.MaxValue);
        Assert.Equal(Math.ScaleB(1, 127), (double)Float8E8M0FNU.MaxValue);
        Assert.Equal(7.5f, (float)Float6E2M3FN.MaxValue);
        Assert.Equal(28, (float)Float6E3M2FN.MaxValue);
        Assert.Equal(6, (float)Float4E2M1FN.MaxValue);
    }

    [Theory]
    [InlineData("f8_e5m2", DataType.Float8E5M2)]
    [InlineData("f8_e4m3fn", DataType.Float8E4M3FN)]
    [InlineData("f8e4m3fn", DataType.Float8E4M3FN)]
    [InlineData("f8_e4m3fnuz", DataType.Float8E4M3FNUZ)]
    [InlineData("bool", DataType.Bool)]
    public void Names_of_other_libraries_are_read(string name, DataType type) => Assert.Equal(type, DataTypes.Parse(name));

    [Fact]
    public void A_name_that_means_two_types_is_refused() => Assert.False(DataTypes.TryParse("f8", out _));
}
