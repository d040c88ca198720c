using System.Globalization;
using System.Numerics;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>Doubles in decimal, rounded from their exact value with ties to even, as C's <c>printf</c> and Python's <c>round</c> do.</summary>
static class DecimalText
{
    /// <summary>A double has no more than 1074 places after the point; those beyond are zeros.</summary>
    internal const int MaxPrecision = 1100;

    /// <summary>Python's <c>round(value, digits)</c>.</summary>
    internal static double Round(double value, int digits)
    {
        if (!double.IsFinite(value) || value == 0 || digits > 330)
        {
            return value;
        }

        if (digits < -330)
        {
            return Math.CopySign(0, value);
        }

        BigInteger scaled = Scaled(value, digits);
        double magnitude = double.Parse(string.Create(CultureInfo.InvariantCulture, $"{scaled}e{-digits}"), NumberStyles.Float, CultureInfo.InvariantCulture);
        return Math.CopySign(magnitude, value);
    }

    /// <summary><c>%.{digits}f</c>, without sign.</summary>
    /// <param name="value">Any number.</param>
    /// <param name="digits">Those after the point.</param>
    /// <param name="alternate">C's flag <c>#</c>: a point is there even where nothing follows it.</param>
    internal static string Fixed(double value, int digits, bool alternate = false)
    {
        if (!double.IsFinite(value))
        {
            return double.IsNaN(value) ? "nan" : "inf";
        }

        int exact = Math.Min(digits, MaxPrecision);
        string text = Scaled(value, exact).ToString(CultureInfo.InvariantCulture).PadLeft(exact + 1, '0');
        return digits == 0 ? WithPoint(text, alternate) : $"{text[..^exact]}.{text[^exact..]}{new string('0', digits - exact)}";
    }

    /// <summary><c>%.{digits}e</c>, without sign.</summary>
    internal static string Scientific(double value, int digits, bool alternate = false)
    {
        if (!double.IsFinite(value))
        {
            return Fixed(value, 0);
        }

        int asked = digits;
        digits = Math.Min(digits, MaxPrecision);
        int exponent = value == 0 ? 0 : (int)Math.Floor(Math.Log10(Math.Abs(value)));
        string text = Scaled(value, digits - exponent).ToString(CultureInfo.InvariantCulture);
        if (value != 0 && text.Length != digits + 1)
        {
            // The logarithm or the rounding crossed a power of ten.
            exponent += text.Length > digits + 1 ? 1 : -1;
            text = Scaled(value, digits - exponent).ToString(CultureInfo.InvariantCulture);
        }

        text = text.PadRight(digits + 1, '0');
        string fraction = digits == 0 ? (alternate ? "." : "") : "." + text[1..] + new string('0', asked - digits);
        return $"{text[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
    }

    /// <summary><c>%.{digits}g</c>, without sign.</summary>
    /// <param name="value">Any number.</param>
    /// <param name="digits">Those that count.</param>
    /// <param name="alternate">C's flag <c>#</c>: zeros at the end stay, and a point is always there.</param>
    /// <param name="asFloat">Whether the text shows that it is a float, by a digit after the point or an exponent, as Python's does.</param>
    internal static string General(double value, int digits, bool alternate = false, bool asFloat = false)
    {
        if (!double.IsFinite(value))
        {
            return Fixed(value, 0);
        }

        digits = Math.Max(1, digits);
        digits = alternate ? digits : Math.Min(digits, MaxPrecision);
        string scientific = Scientific(value, digits - 1, alternate);
        int mark = scientific.IndexOf('e', StringComparison.Ordinal);
        int exponent = int.Parse(scientific.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        bool exponential = exponent < -4 || exponent >= digits - (asFloat ? 1 : 0);
        if (alternate)
        {
            return exponential ? scientific : Fixed(value, digits - 1 - exponent, alternate);
        }

        string text = WithoutZeros(exponential ? scientific[..mark] : Fixed(value, digits - 1 - exponent));
        return exponential ? text + scientific[mark..] : asFloat && !text.Contains('.', StringComparison.Ordinal) ? text + ".0" : text;
    }

    /// <summary>A number with a point, if it is wanted: at its end, or before its exponent.</summary>
    internal static string WithPoint(string text, bool wanted)
    {
        if (!wanted || text.Contains('.', StringComparison.Ordinal))
        {
            return text;
        }

        int mark = text.IndexOf('e', StringComparison.Ordinal);
        return text.Insert(mark < 0 ? text.Length : mark, ".");
    }

    internal static BigInteger DivideToEven(BigInteger value, BigInteger by)
    {
        BigInteger quotient = BigInteger.DivRem(BigInteger.Abs(value), by, out BigInteger rest);
        int half = (rest * 2).CompareTo(by);
        quotient += half > 0 || (half == 0 && !quotient.IsEven) ? 1 : 0;
        return value.Sign < 0 ? -quotient : quotient;
    }

    static string WithoutZeros(string text) => text.Contains('.', StringComparison.Ordinal) ? text.TrimEnd('0').TrimEnd('.') : text;

    /// <summary>|value| times ten to <paramref name="digits"/>, to the nearest integer.</summary>
    static BigInteger Scaled(double value, int digits)
    {
        long bits = BitConverter.DoubleToInt64Bits(Math.Abs(value));
        int exponent = (int)(bits >> 52);
        BigInteger numerator = (bits & ((1L << 52) - 1)) | (exponent == 0 ? 0 : 1L << 52);
        int power = Math.Max(exponent, 1) - 1075;
        BigInteger denominator = BigInteger.One;
        _ = power >= 0 ? numerator <<= power : denominator <<= -power;
        _ = digits >= 0 ? numerator *= BigInteger.Pow(10, digits) : denominator *= BigInteger.Pow(10, -digits);
        return DivideToEven(numerator, denominator);
    }
}
