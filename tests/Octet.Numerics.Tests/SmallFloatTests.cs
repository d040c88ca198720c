using System.Numerics;
using System.Runtime.CompilerServices;

namespace Octet.Numerics.Tests;

/// <summary>What holds for every small float; a class per type derives from it.</summary>
public abstract partial class SmallFloatTests<T>
    where T : unmanaged, ISmallFloat<T>
{
    static readonly OverflowMode[] s_modes = Enum.GetValues<OverflowMode>();

    private protected abstract ExactFormat Format { get; }

    private protected static int Code(T value) =>
        Unsafe.SizeOf<T>() == 1 ? Unsafe.BitCast<T, byte>(value) : Unsafe.BitCast<T, ushort>(value);

    private protected static T At(int code) =>
        Unsafe.SizeOf<T>() == 1 ? Unsafe.BitCast<byte, T>((byte)code) : Unsafe.BitCast<ushort, T>((ushort)code);

    private protected static T Rounded(double value, OverflowMode mode = OverflowMode.NonSaturating) => SmallFloat.FromDouble<T>(value, mode);

    private protected IEnumerable<int> AllCodes => Enumerable.Range(0, Format.Codes);

    private protected IEnumerable<int> Numbers => AllCodes.Where(code => !Format.IsNaN(code));

    /// <summary>Every number of an 8-bit type; of a wider one every 61st code, a prime, so that mantissas of all kinds occur.</summary>
    private protected IEnumerable<int> Sample => Numbers.Where(code => Format.Codes <= 256 || code % 61 == 0);

    [Fact]
    public void The_format_is_the_one_that_its_name_says() =>
        Assert.Equal((Format.ExponentBits, Format.MantissaBits, Format.Bias), (T.ExponentBits, T.MantissaBits, T.ExponentBias));

    [Fact]
    public void Every_code_widens_to_its_value()
    {
        foreach (int code in AllCodes)
        {
            double value = double.CreateChecked(At(code));
            Assert.Equal(Format.Value(code), value);
            if (value == 0)
            {
                Assert.Equal(code != 0, double.IsNegative(value));
            }
        }
    }

    [Fact]
    public void Every_number_survives_the_way_through_wider_types()
    {
        foreach (int code in Numbers)
        {
            double value = Format.Value(code);
            Assert.Equal(code, Code(Rounded(value)));
            Assert.Equal(code, Code(SmallFloat.FromSingle<T>((float)value, OverflowMode.NonSaturating)));
            Assert.Equal(code, Code(T.CreateChecked(value)));
            Assert.Equal(code, Code(T.CreateSaturating((float)value)));
        }
    }

    [Fact]
    public void A_midpoint_goes_to_the_even_code_and_the_least_difference_decides()
    {
        for (int code = 0; code <= Format.MaxFinite; code++)
        {
            double middle = Format.Midpoint(code);
            foreach (double value in new[] { double.BitDecrement(middle), middle, double.BitIncrement(middle) })
            {
                int expected = value < middle ? code : value > middle ? code + 1 : code + (code & 1);
                if (expected > Format.MaxFinite)
                {
                    expected = Format.Overflow;
                }

                Assert.Equal(expected, Code(Rounded(value)));
                Assert.Equal(Format.Round(-value), Code(Rounded(-value)));
            }
        }
    }

    [Fact]
    public void Float32_next_to_a_midpoint_rounds_to_the_nearer_code_in_one_and_in_many()
    {
        for (int code = 0; code <= Format.MaxFinite; code++)
        {
            float middle = (float)Format.Midpoint(code);
            float[] values = [float.BitDecrement(middle), middle, float.BitIncrement(middle)];
            T[] codes = new T[3];
            BulkConversion.ConvertFromSingle<T>(values, codes);
            for (int i = 0; i < 3; i++)
            {
                Assert.Equal(Format.Round(values[i]), Code(codes[i]));
                Assert.Equal(Format.Round(values[i]), Code(Rounded(values[i])));
            }
        }
    }

    [Fact]
    public void Rounding_twice_would_be_wrong_and_is_not_done()
    {
        // One and half a unit is a tie; a little more, which float32 (2^-24), bfloat16 or half would drop, must decide.
        double half = double.ScaleB(1, -T.MantissaBits - 1);
        foreach (double little in new[] { 1e-300, double.ScaleB(1, -52), double.ScaleB(1, -24), double.ScaleB(1, -12) })
        {
            Assert.Equal(Format.Round(1 + half + little), Code(Rounded(1 + half + little)));
        }

        // The largest value plus half a unit, and a little.
        double tie = Format.Midpoint(Format.MaxFinite);
        Assert.Equal(Format.Round(tie), Code(Rounded(tie)));
        Assert.Equal(Format.Overflow, Code(Rounded(double.BitIncrement(tie))));
        Assert.Equal(Format.MaxFinite, Code(Rounded(double.BitDecrement(tie))));
    }

    [Fact]
    public void Any_float64_rounds_as_the_definition_says()
    {
        var random = new Random(2106);
        for (int i = 0; i < 20_000; i++)
        {
            // Any bits are mostly far out of range; an exponent near the format's is where rounding happens.
            long bits = random.NextInt64();
            double value = i % 4 == 0
                ? BitConverter.Int64BitsToDouble(bits ^ (random.NextInt64() << 63))
                : BitConverter.Int64BitsToDouble((bits & ~(0x7FFL << 52)) | ((long)random.Next(1023 - 140, 1023 + 132) << 52)) * ((i & 1) == 0 ? 1 : -1);
            foreach (OverflowMode mode in s_modes)
            {
                Assert.Equal(Format.Round(value, mode), Code(Rounded(value, mode)));
            }
        }
    }

    [Fact]
    public void Values_that_are_not_finite_become_what_the_mode_says()
    {
        foreach (OverflowMode mode in s_modes)
        {
            foreach (double value in new[] { double.PositiveInfinity, double.NegativeInfinity, double.NaN, -double.NaN })
            {
                Assert.Equal(Format.Round(value, mode), Code(Rounded(value, mode)));
                Assert.Equal(Format.Round(value, mode), Code(SmallFloat.FromSingle<T>((float)value, mode)));
            }
        }
    }

    [Fact]
    public void Neighbours_are_one_step_apart()
    {
        int[] order = [.. Numbers.Where(code => double.IsFinite(Format.Value(code)) && code != Format.SignBit).OrderBy(Format.Value)];
        for (int i = 1; i < order.Length; i++)
        {
            Assert.Equal(Format.Value(order[i]), Format.Value(Code(T.BitIncrement(At(order[i - 1])))));
            Assert.Equal(Format.Value(order[i - 1]), Format.Value(Code(T.BitDecrement(At(order[i])))));
        }

        Assert.Equal(T.PositiveInfinity, T.BitIncrement(T.MaxValue));
        Assert.Equal(T.NegativeInfinity, T.BitDecrement(T.MinValue));
        if (Format.HasInfinity)
        {
            Assert.Equal(T.MinValue, T.BitIncrement(T.NegativeInfinity));
            Assert.Equal(T.MaxValue, T.BitDecrement(T.PositiveInfinity));
            Assert.Equal(T.PositiveInfinity, T.BitIncrement(T.PositiveInfinity));
        }
    }

    [Fact]
    public void Predicates_agree_with_the_value()
    {
        double minNormal = double.ScaleB(1, 1 - Format.Bias);
        foreach (int code in AllCodes)
        {
            double value = Format.Value(code);
            T x = At(code);
            Assert.Equal(double.IsNaN(value), T.IsNaN(x));
            Assert.Equal(double.IsFinite(value), T.IsFinite(x));
            Assert.Equal(double.IsInfinity(value), T.IsInfinity(x));
            Assert.Equal(double.IsPositiveInfinity(value), T.IsPositiveInfinity(x));
            Assert.Equal(double.IsNegativeInfinity(value), T.IsNegativeInfinity(x));
            Assert.Equal((code & Format.SignBit) != 0, T.IsNegative(x));
            Assert.Equal((code & Format.SignBit) == 0, T.IsPositive(x));
            Assert.Equal(value == 0, T.IsZero(x));
            Assert.Equal(double.IsFinite(value) && Math.Abs(value) >= minNormal, T.IsNormal(x));
            Assert.Equal(value != 0 && Math.Abs(value) < minNormal, T.IsSubnormal(x));
            Assert.Equal(double.IsInteger(value), T.IsInteger(x));
            Assert.Equal(double.IsEvenInteger(value), T.IsEvenInteger(x));
            Assert.Equal(double.IsOddInteger(value), T.IsOddInteger(x));
            Assert.Equal(double.IsPow2(value), T.IsPow2(x));
            Assert.Equal(double.IsRealNumber(value), T.IsRealNumber(x));
        }
    }

    [Fact]
    public void Values_order_like_half_with_nan_first_and_one_zero()
    {
        T[] sample = [.. AllCodes.Where(code => code % Math.Max(1, Format.Codes / 256) == 0).Append(Format.NaN).Append(Format.MaxFinite).Select(At)];
        foreach (T x in sample)
        {
            foreach (T y in sample)
            {
                double a = Format.Value(Code(x)), b = Format.Value(Code(y));
                Assert.Equal(a == b, x == y);
                Assert.Equal(a != b, x != y);
                Assert.Equal(a < b, x < y);
                Assert.Equal(a <= b, x <= y);
                Assert.Equal(a > b, x > y);
                Assert.Equal(a >= b, x >= y);
                Assert.Equal(a.CompareTo(b), x.CompareTo(y));
                Assert.Equal(a.Equals(b), x.Equals(y));
                if (a.Equals(b))
                {
                    Assert.Equal(x.GetHashCode(), y.GetHashCode());
                }
            }
        }

        Assert.Equal(1, T.One.CompareTo(null));
        Assert.Throws<ArgumentException>(() => T.One.CompareTo("1"));
        Assert.False(T.One.Equals(1f));
    }
}
