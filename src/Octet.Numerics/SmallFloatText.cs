using System.Globalization;
using System.Numerics;

namespace Octet.Numerics;

/// <summary>Numbers to text and back. Text is rounded once, from its exact value.</summary>
static class SmallFloatText
{
    /// <summary>More than the digits of any tie of a 16-bit format; what follows can only break the tie.</summary>
    const int MaxDigits = 200;

    /// <summary>
    /// The float64 format that prints a value. By default that is the exact value where it has at most 15 significant digits (every FP8
    /// value has), because the shortest text of its float64 is then the value itself; otherwise the fewest digits that read back as it.
    /// </summary>
    internal static string? Format<T>(T value, ReadOnlySpan<char> format)
        where T : unmanaged, ISmallFloat<T>
    {
        if (!(format.IsEmpty || format is "R" or "r" or "G" or "g"))
        {
            return format.ToString();
        }

        double wide = Code<T>.ToSingle(value);
        if (IsShort(wide))
        {
            return null;
        }

        for (int digits = 1; ; digits++)
        {
            string candidate = string.Create(CultureInfo.InvariantCulture, $"G{digits}");
            string text = wide.ToString(candidate, CultureInfo.InvariantCulture);
            if (digits == 17 || T.Parse(text, CultureInfo.InvariantCulture) == value)
            {
                return candidate;
            }
        }
    }

    internal static bool TryParse<T>(ReadOnlySpan<char> text, NumberStyles style, IFormatProvider? provider, out T result)
        where T : unmanaged, ISmallFloat<T>
    {
        if (!double.TryParse(text, style, provider, out double nearest))
        {
            result = default;
            return false;
        }

        result = Code<T>.Round(Odd(text, nearest, style, provider));
        return true;
    }

    internal static T Parse<T>(ReadOnlySpan<char> text, NumberStyles style, IFormatProvider? provider)
        where T : unmanaged, ISmallFloat<T> =>
        Code<T>.Round(Odd(text, double.Parse(text, style, provider), style, provider));

    static bool IsShort(double value)
    {
        if (value == 0 || !double.IsFinite(value))
        {
            return true;
        }

        // value = odd * 2^exponent, whose digits are those of odd * 5^-exponent or of the integer.
        double odd = double.Abs(value);
        int exponent = 0;
        for (; !double.IsInteger(odd); odd *= 2)
        {
            exponent--;
        }

        return odd * double.Pow(5, -exponent) < 1e15;
    }

    /// <summary>Rounded to odd instead of to nearest: the digits are read again, as an exact fraction.</summary>
    static double Odd(ReadOnlySpan<char> text, double nearest, NumberStyles style, IFormatProvider? provider)
    {
        if (nearest == 0 || !double.IsFinite(nearest))
        {
            return nearest;
        }

        NumberFormatInfo info = NumberFormatInfo.GetInstance(provider);
        BigInteger digits = BigInteger.Zero;
        int count = 0;
        int places = 0;
        bool fraction = false;
        bool more = false;
        for (int i = 0; i < text.Length; i++)
        {
            ReadOnlySpan<char> rest = text[i..];
            if (char.IsAsciiDigit(rest[0]))
            {
                if (count < MaxDigits)
                {
                    digits = (digits * 10) + (rest[0] - '0');
                    count += digits.IsZero ? 0 : 1;
                    places += fraction ? 1 : 0;
                }
                else
                {
                    more |= rest[0] != '0';
                    places -= fraction ? 0 : 1;
                }
            }
            else if (rest[0] is 'e' or 'E' && count != 0 && IsExponent(rest[1..], info, style, out int exponent))
            {
                places -= exponent;
                break;
            }
            else if (!fraction && IsSeparator(rest, info, style))
            {
                fraction = true;
            }
        }

        digits = (digits * 10) + (more ? 1 : 0);
        places++;
        double magnitude = places >= 0
            ? OddRounding.ToDouble(digits, BigInteger.Pow(10, places))
            : OddRounding.ToDouble(digits * BigInteger.Pow(10, -places), BigInteger.One);

        // A culture's currency symbol may hold what looks like a separator; then the framework's reading stands.
        double size = double.Abs(nearest);
        return magnitude >= double.BitDecrement(size) && magnitude <= double.BitIncrement(size)
            ? double.CopySign(magnitude, nearest)
            : nearest;
    }

    static bool IsSeparator(ReadOnlySpan<char> text, NumberFormatInfo info, NumberStyles style) =>
        text.StartsWith(info.NumberDecimalSeparator, StringComparison.Ordinal)
        || ((style & NumberStyles.AllowCurrencySymbol) != 0 && text.StartsWith(info.CurrencyDecimalSeparator, StringComparison.Ordinal));

    static bool IsExponent(ReadOnlySpan<char> text, NumberFormatInfo info, NumberStyles style, out int exponent)
    {
        exponent = 0;
        int end = text.Length;
        while (end > 0 && !char.IsAsciiDigit(text[end - 1]))
        {
            end--;
        }

        return (style & NumberStyles.AllowExponent) != 0
            && int.TryParse(text[..end], NumberStyles.AllowLeadingSign, info, out exponent);
    }
}
