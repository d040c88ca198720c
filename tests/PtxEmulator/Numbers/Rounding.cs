namespace PtxEmulator;

enum Rounding
{
    NearestEven,
    Zero,
    Down,
    Up,
    NearestAway,
}

/// <summary>
/// Rounding in one step, whatever the format and direction: an exact value is first brought into a double by rounding to
/// odd, which loses nothing that a later rounding to fewer bits could tell, and then to its format.
/// </summary>
static class Exact
{
    /// <summary>A sum; the rounding decides the sign of zero alone.</summary>
    public static double Sum(double a, double b, Rounding rounding = Rounding.NearestEven)
    {
        double sum = a + b;
        if (sum == 0 && rounding == Rounding.Down && (a != 0 || double.IsNegative(a) != double.IsNegative(b)))
        {
            return -0.0;
        }

        double part = sum - a;
        double rest = (a - (sum - part)) + (b - part);
        return double.IsFinite(sum) ? ToOdd(sum, rest) : sum;
    }

    /// <summary><c>a * b + c</c> of floats whose product is exact in a double.</summary>
    public static double ProductSum(double a, double b, double c, Rounding rounding = Rounding.NearestEven) => Sum(a * b, c, rounding);

    public static double Quotient(double a, double b)
    {
        double quotient = a / b;
        if (!double.IsFinite(quotient) || quotient == 0)
        {
            return quotient;
        }

        double rest = Math.FusedMultiplyAdd(-quotient, b, a);
        return ToOdd(quotient, b < 0 ? -rest : rest);
    }

    public static double SquareRoot(double a)
    {
        double root = Math.Sqrt(a);
        return double.IsFinite(root) && root != 0 ? ToOdd(root, Math.FusedMultiplyAdd(-root, root, a)) : root;
    }

    public static double FromUnsigned(ulong value)
    {
        int excess = 64 - 53 - System.Numerics.BitOperations.LeadingZeroCount(value);
        if (excess <= 0)
        {
            return value;
        }

        ulong kept = value >> excess;
        kept |= (value & ((1UL << excess) - 1)) != 0 ? 1UL : 0;
        return Math.ScaleB(kept, excess);
    }

    public static double FromSigned(long value) => value < 0 ? -FromUnsigned(0UL - (ulong)value) : FromUnsigned((ulong)value);

    /// <summary>A multiple of the format's spacing at this value: with an unbounded exponent above, subnormal below.</summary>
    /// <param name="value">Finite or not.</param>
    /// <param name="mantissaBits">Behind the binary point.</param>
    /// <param name="leastExponent">Of the smallest normal number.</param>
    /// <param name="rounding">The direction.</param>
    public static double Round(double value, int mantissaBits, int leastExponent, Rounding rounding)
    {
        if (value == 0 || !double.IsFinite(value))
        {
            return value;
        }

        int exponent = Math.Max(Math.ILogB(value), leastExponent) - mantissaBits;
        return Math.ScaleB(ToInteger(Math.ScaleB(value, -exponent), rounding), exponent);
    }

    public static double ToInteger(double value, Rounding rounding) => rounding switch
    {
        Rounding.NearestEven => Math.Round(value, MidpointRounding.ToEven),
        Rounding.NearestAway => Math.Round(value, MidpointRounding.AwayFromZero),
        Rounding.Zero => Math.Truncate(value),
        Rounding.Down => Math.Floor(value),
        _ => Math.Ceiling(value),
    };

    /// <summary>Whether a value beyond the format's largest becomes infinite, and does not stay the largest.</summary>
    public static bool OverflowsToInfinity(double value, Rounding rounding) => rounding switch
    {
        Rounding.Zero => false,
        Rounding.Down => value < 0,
        Rounding.Up => value > 0,
        _ => true,
    };

    /// <summary>The odd one of the two doubles that enclose <c>value + rest</c>, where value is the nearest.</summary>
    static double ToOdd(double value, double rest)
    {
        long bits = BitConverter.DoubleToInt64Bits(value);
        if (rest == 0 || (bits & 1) != 0)
        {
            return value;
        }

        return BitConverter.Int64BitsToDouble((rest > 0) == (value > 0) ? bits + 1 : bits - 1);
    }
}
