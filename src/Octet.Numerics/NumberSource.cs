using System.Numerics;
using System.Runtime.InteropServices;

namespace Octet.Numerics;

/// <summary>The numbers of the framework, brought to float64 for one rounding to a small format, and the way to decimal.</summary>
static class NumberSource
{
    /// <summary>2^96: the first power of two that decimal does not hold.</summary>
    internal const float DecimalEnd = 79228162514264337593543950336f;

    /// <summary>Exactly, or rounded to odd. False for a type that is not the framework's, or a complex number off the real axis.</summary>
    internal static bool TryToDouble<TOther>(TOther value, out double result)
        where TOther : INumberBase<TOther>
    {
        switch (value)
        {
            case float single:
                result = single;
                return true;
            case double wide:
                result = wide;
                return true;
            case Half half:
                result = (double)half;
                return true;
            case NFloat native:
                result = native;
                return true;
            case byte or sbyte or short or ushort or char or int or uint:
                result = double.CreateTruncating(value);
                return true;
            case long or nint:
                result = OddRounding.ToDouble(long.CreateTruncating(value));
                return true;
            case ulong or nuint:
                result = OddRounding.ToDouble(ulong.CreateTruncating(value));
                return true;
            case decimal money:
                result = OddRounding.ToDouble(money);
                return true;
            case Int128 or UInt128 or BigInteger:
                result = ToDouble(BigInteger.CreateTruncating(value));
                return true;
            case Complex { Imaginary: 0 } complex:
                result = complex.Real;
                return true;
            default:
                result = 0;
                return false;
        }
    }

    /// <summary>Exactly, or rounded to odd.</summary>
    internal static double ToDouble(BigInteger integer)
    {
        double magnitude = OddRounding.ToDouble(BigInteger.Abs(integer), BigInteger.One);
        return integer.Sign < 0 ? -magnitude : magnitude;
    }

    /// <summary>Cut to a whole number; NaN is 0, and what the integer does not hold its nearest value.</summary>
    internal static TInteger Saturate<TInteger>(float value)
        where TInteger : INumberBase<TInteger> => TInteger.CreateSaturating(value);

    /// <summary>Exact as far as decimal's 28 places reach; the conversion from float32 itself keeps only 7 digits.</summary>
    /// <exception cref="OverflowException">NaN, infinite, or 2^96 and more in magnitude.</exception>
    internal static decimal ToDecimal(float value)
    {
        if (!(float.Abs(value) < DecimalEnd))
        {
            throw new OverflowException($"{value} is not in the range of Decimal");
        }

        if (value == 0)
        {
            return 0;
        }

        // value = mantissa * 2^exponent with an odd mantissa, so that no more places are taken than the value has.
        int exponent = float.ILogB(value) - 23;
        BigInteger mantissa = (BigInteger)float.ScaleB(float.Abs(value), -exponent);
        int zeros = (int)BigInteger.TrailingZeroCount(mantissa);
        mantissa >>= zeros;
        exponent += zeros;
        int places = Math.Clamp(-exponent, 0, 28);
        BigInteger unit = BigInteger.One << Math.Max(-exponent, 0);
        BigInteger digits = BigInteger.DivRem(
            (mantissa << Math.Max(exponent, 0)) * BigInteger.Pow(10, places), unit, out BigInteger rest);
        if (rest * 2 > unit || (rest * 2 == unit && !digits.IsEven))
        {
            digits++;
        }

        decimal magnitude = (decimal)digits / (decimal)BigInteger.Pow(10, places);
        return value < 0 ? -magnitude : magnitude;
    }
}
