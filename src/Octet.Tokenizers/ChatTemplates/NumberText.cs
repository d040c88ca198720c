using System.Globalization;
using System.Numerics;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>Python's <c>int(text, base)</c> and <c>float(text)</c>.</summary>
static class NumberText
{
    const int MaxDigits = 4300;

    /// <summary>The integer, or <see langword="null"/> where the text is none. Base 0 reads the prefix.</summary>
    internal static object? Parse(string text, int radix)
    {
        text = CodePoints.Trim(text);
        bool negative = text.StartsWith('-');
        string digits = negative || text.StartsWith('+') ? text[1..] : text;
        string prefix = digits.Length > 1 ? digits[..2].ToLowerInvariant() : "";
        int named = prefix switch { "0x" => 16, "0o" => 8, "0b" => 2, _ => 0 };
        if (named != 0 && (radix == named || radix == 0))
        {
            digits = digits[2..];
            radix = named;
            digits = digits.StartsWith('_') ? digits[1..] : digits;
        }

        radix = radix == 0 ? 10 : radix;
        if (digits.Length is 0 or > MaxDigits || digits.StartsWith('_') || digits.EndsWith('_') || digits.Contains("__", StringComparison.Ordinal))
        {
            return null;
        }

        BigInteger value = BigInteger.Zero;
        foreach (char c in digits)
        {
            if (c == '_')
            {
                continue;
            }

            int digit = char.IsAsciiLetter(c) ? (c | 0x20) - 'a' + 10 : char.IsDigit(c) ? (int)char.GetNumericValue(c) : 99;
            if (digit >= radix)
            {
                return null;
            }

            value = (value * radix) + digit;
        }

        return PythonType.FromBig(negative ? -value : value);
    }

    internal static double? ParseFloat(string text)
    {
        text = CodePoints.Trim(text);
        string bare = text.TrimStart('+', '-').ToLowerInvariant();
        if (text.Length - bare.Length > 1)
        {
            return null;
        }

        if (bare is "inf" or "infinity" or "nan")
        {
            return bare == "nan" ? double.NaN : text[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
        }

        for (int at = 0; at < text.Length; at++)
        {
            if (text[at] == '_' && (at == 0 || at + 1 == text.Length || !char.IsAsciiDigit(text[at - 1]) || !char.IsAsciiDigit(text[at + 1])))
            {
                return null;
            }
        }

        const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        return double.TryParse(text.Replace("_", "", StringComparison.Ordinal), Style, CultureInfo.InvariantCulture, out double value) ? value : null;
    }
}
