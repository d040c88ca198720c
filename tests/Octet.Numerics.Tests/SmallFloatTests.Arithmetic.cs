using System.Numerics;

namespace Octet.Numerics.Tests;

public abstract partial class SmallFloatTests<T>
{
    /// <summary>All pairs of 8-bit codes; for wider types a fixed sample of pairs.</summary>
    IEnumerable<(int X, int Y)> Pairs()
    {
        var random = new Random(754);
        return Format.Codes <= 256
            ? Numbers.SelectMany(x => Numbers.Select(y => (x, y)))
            : Enumerable.Range(0, 20_000).Select(i => (random.Next(Format.Codes), random.Next(Format.Codes)))
                .Where(pair => !Format.IsNaN(pair.Item1) && !Format.IsNaN(pair.Item2));
    }

    [Fact]
    public void Arithmetic_rounds_the_exact_result_once()
    {
        // Sums and products of values this short are exact in float64 or differ from a tie by far more than its last bit; so are
        // quotients (significands of p bits are never closer than 2^-2p to a tie).
        foreach ((int x, int y) in Pairs())
        {
            double a = Format.Value(x), b = Format.Value(y);
            Check(a + b, At(x) + At(y));
            Check(a - b, At(x) - At(y));
            Check(a * b, At(x) * At(y));
            Check(a / b, At(x) / At(y));
            Check(Math.IEEERemainder(a, b), T.Ieee754Remainder(At(x), At(y)));
            Check(a % b, At(x) % At(y));
        }

        void Check(double exact, T result)
        {
            if (double.IsNaN(exact) && Format.HasNaN)
            {
                Assert.True(T.IsNaN(result));
            }
            else
            {
                Assert.Equal(Format.Round(exact), Code(result));
            }
        }
    }

    [Fact]
    public void Selection_follows_ieee_754_2019()
    {
        foreach ((int x, int y) in Pairs().Where((_, i) => i % 7 == 0).Append((Format.NaN, 0)).Append((0, Format.NaN)))
        {
            double a = Format.Value(x), b = Format.Value(y);
            Assert.Equal(Math.Max(a, b), double.CreateChecked(T.Max(At(x), At(y))));
            Assert.Equal(Math.Min(a, b), double.CreateChecked(T.Min(At(x), At(y))));
            Assert.Equal(double.MaxNumber(a, b), double.CreateChecked(T.MaxNumber(At(x), At(y))));
            Assert.Equal(double.MinNumber(a, b), double.CreateChecked(T.MinNumber(At(x), At(y))));
            Assert.Equal(Math.MaxMagnitude(a, b), double.CreateChecked(T.MaxMagnitude(At(x), At(y))));
            Assert.Equal(double.MinMagnitudeNumber(a, b), double.CreateChecked(T.MinMagnitudeNumber(At(x), At(y))));
        }
    }

    [Fact]
    public void Functions_of_one_number_are_rounded_once()
    {
        foreach (int code in Sample)
        {
            double value = Format.Value(code);
            T x = At(code);
            Check(Math.Sqrt(value), T.Sqrt(x));
            Check(Math.Cbrt(value), T.Cbrt(x));
            Check(Math.Exp(value), T.Exp(x));
            Check(double.ExpM1(value), T.ExpM1(x));
            Check(Math.Log(value), T.Log(x));
            Check(double.LogP1(value), T.LogP1(x));
            Check(Math.Tanh(value), T.Tanh(x));
            Check(Math.Sin(value), T.Sin(x));
            Check(Math.Atan(value), T.Atan(x));
            Check(Math.Floor(value), T.Floor(x));
            Check(Math.Ceiling(value), T.Ceiling(x));
            Check(Math.Truncate(value), T.Truncate(x));
            Check(Math.Round(value), T.Round(x));
            Check(Math.ScaleB(value, 3), T.ScaleB(x, 3));
            Check(Math.Abs(value), T.Abs(x));
            Check(-value, -x);
            Check(value + 1, ++x);
            if (double.IsFinite(value) && value != 0)
            {
                Assert.Equal(Math.ILogB(value), T.ILogB(At(code)));
                Assert.Equal(Math.Sign(value), T.Sign(At(code)));
            }
        }

        if (Format.HasNaN)
        {
            Assert.Throws<ArithmeticException>(() => T.Sign(T.NaN));
        }

        void Check(double exact, T result)
        {
            if (double.IsNaN(exact) && Format.HasNaN)
            {
                Assert.True(T.IsNaN(result));
            }
            else
            {
                Assert.Equal(Format.Round(exact), Code(result));
            }
        }
    }

    [Fact]
    public void A_fused_multiply_add_sees_an_addend_far_below_the_product()
    {
        // Where float64 drops the addend, the exact sum lies between the product and its neighbour in float64, whose rounding it
        // shares: a tie of the small format is a value of float64, and none lies between the two.
        T tiny = At(1);
        foreach ((int x, int y) in Pairs().Where((_, i) => i % 31 == 0))
        {
            double product = Format.Value(x) * Format.Value(y);
            double sum = product + Format.Value(1);
            if (double.IsFinite(product) && product != 0 && sum != 0)
            {
                double expected = sum == product ? Math.BitIncrement(product) : sum;
                Assert.Equal(Format.Round(expected), Code(T.FusedMultiplyAdd(At(x), At(y), tiny)));
                Assert.Equal(Format.Round(-expected), Code(T.FusedMultiplyAdd(-At(x), At(y), -tiny)));
            }
        }
    }

    [Fact]
    public void Bits_combine_as_codes()
    {
        foreach ((int x, int y) in Pairs().Where((_, i) => i % 31 == 0))
        {
            Assert.Equal(x & y, Code(At(x) & At(y)));
            Assert.Equal(x | y, Code(At(x) | At(y)));
            Assert.Equal(x ^ y, Code(At(x) ^ At(y)));
            Assert.Equal(~x & (Format.Codes - 1), Code(~At(x)));
        }

        Assert.Equal(Format.Codes - 1, Code(T.AllBitsSet));
    }

    [Fact]
    public void Exponent_and_significand_make_the_value()
    {
        Span<byte> bytes = stackalloc byte[2];
        foreach (int code in Numbers.Where(code => double.IsFinite(Format.Value(code))))
        {
            T x = At(code);
            Assert.True(x.TryWriteExponentLittleEndian(bytes, out int exponentBytes));
            Assert.Equal(x.GetExponentByteCount(), exponentBytes);
            int exponent = (sbyte)bytes[0];
            bytes.Clear();
            Assert.True(x.TryWriteSignificandLittleEndian(bytes, out int significandBytes));
            Assert.Equal(x.GetSignificandByteCount(), significandBytes);
            int significand = bytes[0] | (bytes[1] << 8);
            int effective = Math.Max(exponent, 1 - Format.Bias);
            Assert.Equal(Math.Abs(Format.Value(code)), Math.ScaleB(significand, effective - Format.MantissaBits));
            Assert.Equal(Format.MantissaBits + 1, x.GetSignificandBitLength());

            bytes.Clear();
            Assert.True(x.TryWriteSignificandBigEndian(bytes, out _));
            Assert.Equal(significand, significandBytes == 1 ? bytes[0] : (bytes[0] << 8) | bytes[1]);
            Assert.False(x.TryWriteSignificandBigEndian([], out _));
        }
    }
}
