using System.Numerics;

namespace Octet.Numerics;

/// <summary>
/// Brings what float64 cannot hold to float64 such that one more rounding is still right: an inexact result is the neighbour whose
/// last bit is one, so it never lands on a tie or a value of a format that has at least two bits less
/// (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms using rounding to odd", 2008).
/// </summary>
static class OddRounding
{
    internal static double ToDouble(ulong value)
    {
        int excess = 11 - BitOperations.LeadingZeroCount(value);
        return excess <= 0 ? value : (double)(Sticky(value >> excess, value << (64 - excess) != 0) << excess);
    }

    internal static double ToDouble(long value) => value < 0 ? -ToDouble((ulong)-value) : ToDouble((ulong)value);

    internal static double ToDouble(decimal value)
    {
        Span<int> parts = stackalloc int[4];
        decimal.GetBits(value, parts);
        BigInteger mantissa = ((BigInteger)(uint)parts[2] << 64) + ((BigInteger)(uint)parts[1] << 32) + (uint)parts[0];
        double magnitude = ToDouble(mantissa, BigInteger.Pow(10, parts[3] >> 16 & 0xFF));
        return parts[3] < 0 ? -magnitude : magnitude;
    }

    /// <summary>For one more rounding to a small format; what is finite stays so.</summary>
    internal static float ToSingle(double value)
    {
        float nearest = (float)value;
        uint bits = BitConverter.SingleToUInt32Bits(nearest);
        if (nearest == value || double.IsNaN(value) || (bits & 1) != 0)
        {
            return nearest;
        }

        // Magnitudes grow with their bits, up to infinity, which is even.
        return BitConverter.UInt32BitsToSingle(Math.Abs(nearest) > Math.Abs(value) ? bits - 1 : bits + 1);
    }

    /// <summary>The quotient of a non-negative and a positive integer.</summary>
    internal static double ToDouble(BigInteger numerator, BigInteger denominator)
    {
        if (numerator.IsZero)
        {
            return 0;
        }

        // Scaled so that the quotient has 54 or 55 bits; two fewer are kept, the rest is sticky.
        long exponent = numerator.GetBitLength() - denominator.GetBitLength() - 54;
        BigInteger quotient = exponent >= 0
            ? BigInteger.DivRem(numerator, denominator << (int)exponent, out BigInteger rest)
            : BigInteger.DivRem(numerator << (int)-exponent, denominator, out rest);
        ulong bits = (ulong)quotient;
        int excess = 64 - BitOperations.LeadingZeroCount(bits) - 53;
        bool inexact = !rest.IsZero || (bits & ((1ul << excess) - 1)) != 0;

        // Beyond float64's range the answer is beyond every small format's too.
        return Math.ScaleB(Sticky(bits >> excess, inexact), (int)Math.Clamp(exponent + excess, -2000, 2000));
    }

    /// <summary>The sum of two float64, with the one bit of the last place that says that it is not exact.</summary>
    internal static double Sum(double left, double right)
    {
        // Knuth's TwoSum: sum + error is the exact result.
        double sum = left + right;
        double other = sum - left;
        double error = (left - (sum - other)) + (right - other);
        if (error == 0 || !double.IsFinite(sum) || (BitConverter.DoubleToUInt64Bits(sum) & 1) != 0)
        {
            return sum;
        }

        return error > 0 ? Math.BitIncrement(sum) : Math.BitDecrement(sum);
    }

    static ulong Sticky(ulong bits, bool inexact) => inexact ? bits | 1 : bits;
}
