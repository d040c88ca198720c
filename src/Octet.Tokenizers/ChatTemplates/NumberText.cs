using System.Globalization;
using System.Numerics;
using System.Text;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>Python's <c>int(text, base)</c> and <c>float(text)</c>.</summary>
static class NumberText
{
    const int MaxDigits = 4300;

    /// <summary>The integer, or <see langword="null"/> where the text is none. Base 0 reads the prefix.</summary>
    internal static object? Parse(RenderState state, string text, int radix)
    {
        state.ChargeCharacters(text.Length);
        ReadOnlySpan<char> digits = CodePoints.Trim(text.AsSpan());
        long bits = digits.Length > MaxDigits + 4 ? 0 : digits.Length * 4L;
        state.Charge(bits * bits >> 16);
        return Parse(digits, radix);
    }

    /// <summary>The integer, or <see langword="null"/> where the text is none, or is longer than 4300 digits.</summary>
    internal static object? Parse(ReadOnlySpan<char> text, int radix)
    {
        bool negative = text.StartsWith('-');
        ReadOnlySpan<char> digits = negative || text.StartsWith('+') ? text[1..] : text;
        int named = digits.Length > 1 && digits[0] == '0' ? (digits[1] | 0x20) switch { 'x' => 16, 'o' => 8, 'b' => 2, _ => 0 } : 0;
        if (named != 0 && (radix == named || radix == 0))
        {
            digits = digits[2..];
            radix = named;
            digits = digits.StartsWith('_') ? digits[1..] : digits;
        }

        radix = radix == 0 ? 10 : radix;
        if (radix is < 2 or > 36 || digits.Length is 0 or > MaxDigits || digits.StartsWith('_') || digits.EndsWith('_') || digits.IndexOf("__") >= 0)
        {
            return null;
        }

        // Of as many digits as fit into 64 bits a number is made at once.
        BigInteger value = BigInteger.Zero;
        ulong part = 0;
        ulong scale = 1;
        for (int at = 0; at < digits.Length;)
        {
            Rune point = CodePoints.RuneAt(digits, at, out int width);
            at += width;
            if (point.Value == '_')
            {
                continue;
            }

            int digit = point.IsAscii && char.IsAsciiLetter((char)point.Value) ? (point.Value | 0x20) - 'a' + 10 : Rune.IsDigit(point) ? (int)Rune.GetNumericValue(point) : 99;
            if (digit >= radix)
            {
                return null;
            }

            part = (part * (uint)radix) + (uint)digit;
            scale *= (uint)radix;
            if (scale > ulong.MaxValue / 36 || at == digits.Length)
            {
                value = (value * scale) + part;
                (part, scale) = (0, 1);
            }
        }

        return PythonType.FromBig(negative ? -value : value);
    }

    /// <summary>The text with the decimal digits of every script as those of ASCII.</summary>
    static string Digits(string text)
    {
        if (Ascii.IsValid(text))
        {
            return text;
        }

        StringBuilder into = new(text.Length);
        for (int at = 0; at < text.Length;)
        {
            Rune point = CodePoints.RuneAt(text, at, out int width);
            _ = Rune.IsDigit(point) ? into.Append((char)('0' + (int)Rune.GetNumericValue(point))) : into.Append(text, at, width);
            at += width;
        }

        return into.ToString();
    }

    internal static double? ParseFloat(RenderState state, string text)
    {
        state.ChargeCharacters(4L * text.Length);
        text = Digits(CodePoints.Trim(text));
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
