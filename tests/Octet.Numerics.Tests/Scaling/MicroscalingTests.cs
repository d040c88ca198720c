namespace Octet.Numerics.Tests;

public class MXFP8E4M3Tests : MicroscalingTests<Float8E4M3FN>
{
    private protected override (ExactFormat Format, int MaxExponent) Element => (ExactFormat.Float8E4M3FN, 8);
}

public class MXFP8E5M2Tests : MicroscalingTests<Float8E5M2>
{
    private protected override (ExactFormat Format, int MaxExponent) Element => (ExactFormat.Float8E5M2, 15);
}

public class MXFP6E2M3Tests : MicroscalingTests<Float6E2M3FN>
{
    private protected override (ExactFormat Format, int MaxExponent) Element => (ExactFormat.Float6E2M3FN, 2);
}

public class MXFP6E3M2Tests : MicroscalingTests<Float6E3M2FN>
{
    private protected override (ExactFormat Format, int MaxExponent) Element => (ExactFormat.Float6E3M2FN, 4);
}

public class MXFP4Tests : MicroscalingTests<Float4E2M1FN>
{
    private protected override (ExactFormat Format, int MaxExponent) Element => (ExactFormat.Float4E2M1FN, 2);

    [Fact]
    public void A_block_by_hand()
    {
        // amax 7: floor(log2 7) - 2 = 0, scale 1; round_to_power_2 takes 1.75 * 2^2 up, and 7 does not fit 6 * 1: scale 2.
        float[] values = [7, -5, 2.5f, 0.75f, 0.25f, -0.1f, 1, 0];
        foreach ((ScaleRule rule, int scale, int[] codes) in new[]
        {
            (ScaleRule.PowerOfTwoFloor, 127, new[] { 7, 0xE, 4, 2, 0, 8, 2, 0 }),
            (ScaleRule.PowerOfTwoRounded, 128, [6, 0xC, 2, 1, 0, 8, 1, 0]),
            (ScaleRule.PowerOfTwoCeiling, 128, [6, 0xC, 2, 1, 0, 8, 1, 0]),
        })
        {
            var elements = new Float4E2M1FN[8];
            var scales = new Float8E8M0FNU[1];
            Microscaling.Quantize<Float4E2M1FN>(values, 8, elements, scales, rule);
            Assert.Equal(scale, scales[0].ToBits());
            Assert.Equal(codes, elements.Select(element => (int)element.ToBits()));
        }
    }
}

/// <summary>The microscaled formats against OCP MX 1.0, section 6.3, in doubles, which hold every number that occurs.</summary>
public abstract class MicroscalingTests<T>
    where T : unmanaged, ISmallFloat<T>
{
    static readonly ScaleRule[] s_rules = [ScaleRule.PowerOfTwoFloor, ScaleRule.PowerOfTwoCeiling, ScaleRule.PowerOfTwoRounded];

    private protected abstract (ExactFormat Format, int MaxExponent) Element { get; }

    double Max => Element.Format.Value(Element.Format.MaxFinite);

    static int Code(T value) => System.Runtime.CompilerServices.Unsafe.BitCast<T, byte>(value);

    /// <summary>Of every size, from the smallest subnormal to the largest number, with blocks of zeros.</summary>
    static float[] Values(int count)
    {
        var random = new Random(32);
        return [.. Enumerable.Range(0, count).Select(i => (i / 32 % 9) switch
        {
            0 => 0,
            1 => BitConverter.Int32BitsToSingle(random.Next(1 << 23)),
            2 => (random.NextSingle() - 0.5f) * float.MaxValue,
            _ => (float)Math.ScaleB(random.NextDouble() - 0.5, (i / 32 * 7 % 250) - 125),
        })];
    }

    int ScaleCode(double largest, ScaleRule rule)
    {
        if (largest == 0)
        {
            return 0;
        }

        int exponent = -160;
        while (Math.ScaleB(1, exponent + 1) <= largest)
        {
            exponent++;
        }

        int scale = rule switch
        {
            ScaleRule.PowerOfTwoFloor => exponent - Element.MaxExponent,
            ScaleRule.PowerOfTwoRounded => exponent - Element.MaxExponent + (largest >= Math.ScaleB(1.75, exponent) ? 1 : 0),
            _ => -160,
        };
        while (rule == ScaleRule.PowerOfTwoCeiling && Math.ScaleB(Max, scale) < largest)
        {
            scale++;
        }

        return Math.Clamp(scale, -127, 127) + 127;
    }

    [Theory]
    [InlineData(40, 32)]
    [InlineData(20, 70)]
    [InlineData(300, 1)]
    [InlineData(3, 31)]
    [InlineData(0, 5)]
    public void Scales_and_elements_are_those_of_the_definition(int rows, int columns)
    {
        float[] values = Values(rows * columns);
        int blocks = (columns + 31) / 32;
        foreach (ScaleRule rule in s_rules)
        {
            var elements = new T[values.Length];
            var scales = new Float8E8M0FNU[rows * blocks];
            Microscaling.Quantize<T>(values, columns, elements, scales, rule);
            for (int i = 0; i < scales.Length; i++)
            {
                int start = (i / blocks * columns) + (i % blocks * 32);
                int end = Math.Min(start + 32, (i / blocks * columns) + columns);
                double largest = values[start..end].Max(value => Math.Abs((double)value));
                Assert.Equal(ScaleCode(largest, rule), scales[i].ToBits());
                for (int j = start; j < end; j++)
                {
                    double quotient = values[j] / Math.ScaleB(1, scales[i].ToBits() - 127);
                    Assert.Equal(Element.Format.Round(quotient, OverflowMode.Saturate), Code(elements[j]));
                    Assert.False(rule == ScaleRule.PowerOfTwoCeiling && Math.Abs(quotient) > Max);
                }
            }
        }
    }

    [Fact]
    public void A_value_is_element_times_scale_rounded_once_to_float32()
    {
        T[] elements = [.. Enumerable.Range(0, Element.Format.Codes).Where(code => !Element.Format.IsNaN(code))
            .Select(code => System.Runtime.CompilerServices.Unsafe.BitCast<byte, T>((byte)code))];
        var scales = new Float8E8M0FNU[(elements.Length + 31) / 32];
        float[] result = new float[elements.Length];
        for (int code = 0; code < 255; code++)
        {
            scales.AsSpan().Fill(Float8E8M0FNU.FromBits((byte)code));
            Microscaling.Dequantize<T>(elements, scales, elements.Length, result);
            Assert.Equal(elements.Select(element => (float)(Element.Format.Value(Code(element)) * Math.ScaleB(1, code - 127))), result);
        }
    }

    [Fact]
    public void A_dequantized_block_has_the_same_codes_again_and_is_near_its_values()
    {
        var random = new Random(5);
        float[] values = [.. Enumerable.Range(0, 4096).Select(i => (float)Math.ScaleB(random.NextDouble() - 0.5, i / 32 % 40))];
        foreach (ScaleRule rule in s_rules)
        {
            var elements = new T[values.Length];
            var again = new T[values.Length];
            var scales = new Float8E8M0FNU[values.Length / 32];
            float[] back = new float[values.Length];
            Microscaling.Quantize<T>(values, 64, elements, scales, rule);
            Microscaling.Dequantize<T>(elements, scales, 64, back);

            // With the scales that were chosen: x / scale rounded is x / scale.
            for (int i = 0; i < again.Length; i++)
            {
                again[i] = SmallFloat.FromDouble<T>(back[i] / (double)scales[i / 32], OverflowMode.Saturate);
            }

            Assert.Equal(elements.Select(Code), again.Select(Code));
            for (int i = 0; i < values.Length; i++)
            {
                // Half a step: relative to a normal element, absolute to a subnormal one; what lies beyond the largest is cut to it.
                double scale = (double)scales[i / 32];
                double magnitude = Math.Min(Math.Abs(values[i]), Max * scale);
                double bound = Math.Max(magnitude * Math.ScaleB(1, -Element.Format.MantissaBits - 1), Element.Format.Value(1) * scale / 2);
                Assert.True(Math.Abs(Math.Abs(back[i]) - magnitude) <= bound, $"{values[i]} {back[i]}");
            }
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void A_block_with_what_is_not_finite_is_NaN_and_its_neighbours_are_not(float value)
    {
        float[] values = new float[96];
        values.AsSpan().Fill(1);
        values[40] = value;
        var elements = new T[96];
        var scales = new Float8E8M0FNU[3];
        float[] back = new float[96];
        Microscaling.Quantize<T>(values, 96, elements, scales);
        Microscaling.Dequantize<T>(elements, scales, 96, back);
        Assert.Equal(0xFF, scales[1].ToBits());
        Assert.Equal(Enumerable.Range(0, 96).Select(i => i is >= 32 and < 64), back.Select(float.IsNaN));
        Assert.All(back[..32], one => Assert.Equal(1, one));
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        Assert.Contains("whole rows of 3", Assert.Throws<ArgumentException>(() => Microscaling.Quantize<T>(new float[4], 3, new T[4], new Float8E8M0FNU[2])).Message, StringComparison.Ordinal);
        Assert.Contains("expected 2 x 2", Assert.Throws<ArgumentException>(() => Microscaling.Quantize<T>(new float[80], 40, new T[80], new Float8E8M0FNU[3])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Microscaling.Dequantize<T>(new T[4], new Float8E8M0FNU[1], 4, new float[3]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Microscaling.Quantize<T>(new float[4], 0, new T[4], new Float8E8M0FNU[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Microscaling.Quantize<T>([1], 1, new T[1], new Float8E8M0FNU[1], (ScaleRule)9));
    }
}
