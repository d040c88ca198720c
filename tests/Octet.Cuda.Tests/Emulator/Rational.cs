using System.Numerics;

namespace Octet.Cuda.Tests.Emulator;

/// <summary>Exact fractions, and their rounding to a float format by the definition: the neighbours on the format's grid.</summary>
readonly record struct Rational(BigInteger Numerator, BigInteger Denominator)
{
    public static Rational Of(double value)
    {
        long bits = BitConverter.DoubleToInt64Bits(value);
        int exponent = (int)(bits >> 52 & 0x7ff);
        BigInteger mantissa = (bits & 0xfffffffffffff) + (exponent == 0 ? 0 : 1L << 52);
        BigInteger signed = bits < 0 ? -mantissa : mantissa;
        int power = Math.Max(exponent, 1) - 1075;
        return power < 0 ? new(signed, BigInteger.One << -power) : new(signed << power, 1);
    }

    public static Rational operator +(Rational x, Rational y) => new((x.Numerator * y.Denominator) + (y.Numerator * x.Denominator), x.Denominator * y.Denominator);

    public static Rational operator *(Rational x, Rational y) => new(x.Numerator * y.Numerator, x.Denominator * y.Denominator);

    public static Rational operator /(Rational x, Rational y) => y.Numerator.Sign < 0
        ? new(-x.Numerator * y.Denominator, -x.Denominator * y.Numerator)
        : new(x.Numerator * y.Denominator, x.Denominator * y.Numerator);

    /// <summary>The value on the grid of numbers with so many mantissa bits, or infinity beyond the largest.</summary>
    /// <param name="mantissaBits">Behind the binary point.</param>
    /// <param name="leastExponent">Of the smallest normal number.</param>
    /// <param name="largest">The largest finite number.</param>
    /// <param name="mode">rn, rz, rm or rp.</param>
    public double Round(int mantissaBits, int leastExponent, double largest, string mode)
    {
        if (Numerator.IsZero)
        {
            return 0;
        }

        // The power of two below the magnitude: the lengths tell it, or one more.
        BigInteger magnitude = BigInteger.Abs(Numerator);
        int length = (int)(magnitude.GetBitLength() - Denominator.GetBitLength());
        bool reaches = length >= 0 ? magnitude >= Denominator << length : magnitude << -length >= Denominator;
        int exponent = Math.Max(reaches ? length : length - 1, leastExponent);

        // In units of the last place.
        int unit = exponent - mantissaBits;
        BigInteger top = unit < 0 ? magnitude << -unit : magnitude;
        BigInteger bottom = unit < 0 ? Denominator : Denominator << unit;
        var whole = BigInteger.DivRem(top, bottom, out BigInteger rest);
        bool negative = Numerator.Sign < 0;
        bool away = mode switch
        {
            "rn" => (rest * 2).CompareTo(bottom) is var order && (order > 0 || (order == 0 && !whole.IsEven)),
            "rz" => false,
            "rm" => negative && !rest.IsZero,
            _ => !negative && !rest.IsZero,
        };
        double result = Math.ScaleB((double)(whole + (away ? 1 : 0)), unit);
        if (result > largest)
        {
            bool infinite = mode == "rn" || (mode == "rm" && negative) || (mode == "rp" && !negative);
            result = infinite ? double.PositiveInfinity : largest;
        }

        return negative ? -result : result;
    }

    public float ToSingle(string mode) => (float)Round(23, -126, float.MaxValue, mode);
}
