using System.Numerics;

namespace Octet.Numerics.Tests;

/// <summary>
/// A small float format straight from its definition, in whole numbers: every value is a multiple of 2^-1074, the unit of float64, so
/// that values, ties and inputs compare exactly. Shares nothing with the library.
/// </summary>
sealed class ExactFormat
{
    const int UnitExponent = -1074;

    readonly BigInteger[] _values;

    ExactFormat(string name, int exponentBits, int mantissaBits, int bias, int maxFinite, int overflow, int nan, bool signedNaN = true)
    {
        (Name, ExponentBits, MantissaBits, Bias) = (name, exponentBits, mantissaBits, bias);
        (MaxFinite, Overflow, NaN, SignedNaN) = (maxFinite, overflow, nan, signedNaN);
        SignBit = 1 << (exponentBits + mantissaBits);

        // One more than the largest: what would follow if the exponent went on, to see which side of its tie an input lies.
        _values = [.. Enumerable.Range(0, maxFinite + 2).Select(Magnitude)];
    }

    // Name, field widths, bias, largest finite code, what a non-saturating cast gives beyond it, the NaN it gives for NaN:
    // OCP OFP8 1.0, OCP MX 1.0 and ml_dtypes' numeric_limits.
    public static ExactFormat Float8E4M3FN { get; } = new("Float8E4M3FN", 4, 3, 7, 0x7E, 0x7F, 0x7F);

    public static ExactFormat Float8E5M2 { get; } = new("Float8E5M2", 5, 2, 15, 0x7B, 0x7C, 0x7E);

    public static ExactFormat BFloat16 { get; } = new("BFloat16", 8, 7, 127, 0x7F7F, 0x7F80, 0x7FC0);

    public static ExactFormat Float8E4M3 { get; } = new("Float8E4M3", 4, 3, 7, 0x77, 0x78, 0x7C);

    public static ExactFormat Float8E4M3FNUZ { get; } = new("Float8E4M3FNUZ", 4, 3, 8, 0x7F, 0x80, 0x80, signedNaN: false);

    public static ExactFormat Float8E5M2FNUZ { get; } = new("Float8E5M2FNUZ", 5, 2, 16, 0x7F, 0x80, 0x80, signedNaN: false);

    public static ExactFormat Float8E4M3B11FNUZ { get; } = new("Float8E4M3B11FNUZ", 4, 3, 11, 0x7F, 0x80, 0x80, signedNaN: false);

    public static ExactFormat Float8E3M4 { get; } = new("Float8E3M4", 3, 4, 3, 0x6F, 0x70, 0x78);

    public static ExactFormat Float6E2M3FN { get; } = new("Float6E2M3FN", 2, 3, 1, 0x1F, 0x1F, 0x20, signedNaN: false);

    public static ExactFormat Float6E3M2FN { get; } = new("Float6E3M2FN", 3, 2, 3, 0x1F, 0x1F, 0x20, signedNaN: false);

    public static ExactFormat Float4E2M1FN { get; } = new("Float4E2M1FN", 2, 1, 1, 0x7, 0x7, 0x8, signedNaN: false);

    public string Name { get; }

    public int ExponentBits { get; }

    public int MantissaBits { get; }

    public int Bias { get; }

    public int MaxFinite { get; }

    public int Overflow { get; }

    public int NaN { get; }

    public bool SignedNaN { get; }

    public int SignBit { get; }

    public int Codes => SignBit * 2;

    public bool HasInfinity => Overflow != MaxFinite && Overflow != NaN;

    public bool HasNaN => MaxFinite != Overflow;

    bool HasNegativeZero => Overflow != SignBit;

    /// <summary>A NaN above the largest number in both signs, or the one code of negative zero, or none.</summary>
    public bool IsNaN(int code) => SignedNaN
        ? (code & (SignBit - 1)) > MaxFinite && !IsInfinity(code)
        : code == NaN && Overflow == NaN;

    public bool IsInfinity(int code) => HasInfinity && (code & (SignBit - 1)) == Overflow;

    /// <summary>The value of a code; exact, as float64 holds every value of every small format.</summary>
    public double Value(int code)
    {
        double sign = (code & SignBit) != 0 ? -1 : 1;
        return IsNaN(code) ? double.NaN
            : IsInfinity(code) ? sign * double.PositiveInfinity
            : sign * ToDouble(_values[code & (SignBit - 1)]);
    }

    /// <summary>Halfway between a magnitude and the next one.</summary>
    public double Midpoint(int code) => ToDouble((_values[code] + _values[code + 1]) / 2);

    public int Round(double value, OverflowMode mode = OverflowMode.NonSaturating)
    {
        int sign = double.IsNegative(value) ? SignBit : 0;
        if (double.IsNaN(value))
        {
            return SignedNaN ? NaN | sign : NaN;
        }

        if (double.IsInfinity(value))
        {
            return (mode == OverflowMode.Saturate ? MaxFinite : Overflow) | sign;
        }

        BigInteger units = ToUnits(Math.Abs(value));
        int below = 0;
        for (int above = _values.Length; above - below > 1;)
        {
            int middle = (above + below) / 2;
            (below, above) = _values[middle] <= units ? (middle, above) : (below, middle);
        }

        int nearest = below;
        if (below <= MaxFinite)
        {
            int side = (2 * units).CompareTo(_values[below] + _values[below + 1]);
            nearest += side > 0 || (side == 0 && below % 2 == 1) ? 1 : 0;
        }

        if (nearest > MaxFinite)
        {
            return (mode == OverflowMode.NonSaturating ? Overflow : MaxFinite) | sign;
        }

        return nearest == 0 && !HasNegativeZero ? 0 : nearest | sign;
    }

    /// <summary>Rounds in a direction; beyond the largest number as IEEE 754-2019, 7.4: a direction that leads back stops at it.</summary>
    public int Round(double value, RoundingMode rounding, OverflowMode mode)
    {
        if (rounding == RoundingMode.ToNearestEven || !double.IsFinite(value))
        {
            return Round(value, mode);
        }

        bool negative = double.IsNegative(value);
        (int below, BigInteger rest, _) = Neighbour(value);
        bool away = !rest.IsZero && rounding switch
        {
            RoundingMode.TowardZero => false,
            RoundingMode.TowardPositive => !negative,
            RoundingMode.TowardNegative => negative,
            _ => below % 2 == 0,
        };
        int code = below + (away ? 1 : 0);
        int sign = negative ? SignBit : 0;
        if (code > MaxFinite)
        {
            bool back = rounding == RoundingMode.TowardZero || rounding == (negative ? RoundingMode.TowardPositive : RoundingMode.TowardNegative);
            return (mode == OverflowMode.NonSaturating && !back ? Overflow : MaxFinite) | sign;
        }

        return code == 0 && !HasNegativeZero ? 0 : code | sign;
    }

    /// <summary>The code whose magnitude is at or below that of a finite value, and what lies between as a part of the step to the next one.
    /// One code beyond the largest finite one stands for all that lie there.</summary>
    public (int Below, BigInteger Left, BigInteger Step) Neighbour(double value)
    {
        BigInteger units = ToUnits(Math.Abs(value));
        int below = 0;
        for (int above = _values.Length; above - below > 1;)
        {
            int middle = (above + below) / 2;
            (below, above) = _values[middle] <= units ? (middle, above) : (below, middle);
        }

        return (below, units - _values[below], below > MaxFinite ? 0 : _values[below + 1] - _values[below]);
    }

    BigInteger Magnitude(int code)
    {
        int field = code >> MantissaBits;
        int mantissa = code & ((1 << MantissaBits) - 1);
        int significand = field == 0 ? mantissa : mantissa + (1 << MantissaBits);
        return (BigInteger)significand << (Math.Max(field, 1) - Bias - MantissaBits - UnitExponent);
    }

    static BigInteger ToUnits(double value)
    {
        long bits = BitConverter.DoubleToInt64Bits(value);
        int field = (int)(bits >> 52);
        long fraction = bits & ((1L << 52) - 1);
        return field == 0 ? fraction : (BigInteger)(fraction | (1L << 52)) << (field - 1);
    }

    static double ToDouble(BigInteger units)
    {
        if (units.IsZero)
        {
            return 0;
        }

        int zeros = (int)BigInteger.TrailingZeroCount(units);
        return Math.ScaleB((double)(long)(units >> zeros), zeros + UnitExponent);
    }
}
