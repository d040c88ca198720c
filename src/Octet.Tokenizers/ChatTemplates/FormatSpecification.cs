using System.Globalization;
using System.Numerics;
using System.Text;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>One conversion of <c>str.format</c> or <c>%</c>: <c>[[fill]align][sign][#][0][width][,][.precision][type]</c>.</summary>
sealed class FormatSpecification
{
    internal string Fill { get; set; } = " ";

    internal char Align { get; set; }

    internal char Sign { get; set; } = '-';

    internal bool Alternate { get; set; }

    internal int Width { get; set; }

    internal char Grouping { get; set; }

    internal int? Precision { get; set; }

    internal char Type { get; set; }

    internal static FormatSpecification Parse(RenderState state, string text)
    {
        FormatSpecification made = new();
        int at = 0;
        int first = CodePoints.Offset(text, 0, 1);
        if (first < text.Length && text[first] is '<' or '>' or '=' or '^')
        {
            made.Fill = text[..first];
            made.Align = text[first];
            at = first + 1;
        }
        else if (text.Length > 0 && text[0] is '<' or '>' or '=' or '^')
        {
            made.Align = text[at++];
        }

        if (at < text.Length && text[at] is '+' or '-' or ' ')
        {
            made.Sign = text[at++];
        }

        if (at < text.Length && text[at] == '#')
        {
            made.Alternate = true;
            at++;
        }

        if (at < text.Length && text[at] == '0')
        {
            made.Fill = made.Align == '\0' ? "0" : made.Fill;
            made.Align = made.Align == '\0' ? '=' : made.Align;
            at++;
        }

        made.Width = Number(state, text, ref at) ?? 0;
        if (at < text.Length && text[at] is ',' or '_')
        {
            made.Grouping = text[at++];
        }

        if (at < text.Length && text[at] == '.')
        {
            at++;
            made.Precision = Number(state, text, ref at) ?? throw state.ValueError("Format specifier missing precision");
        }

        if (at < text.Length)
        {
            made.Type = text[at++];
        }

        return at == text.Length ? made : throw state.ValueError("Invalid format specifier");
    }

    internal static int? Number(RenderState state, string text, ref int at)
    {
        int start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
        {
            at++;
        }

        return at == start ? null
            : int.TryParse(text.AsSpan(start, at - start), CultureInfo.InvariantCulture, out int value) ? value
            : throw state.ValueError("Too many decimal digits in format string");
    }

    internal string Format(RenderState state, object? value)
    {
        if (PythonType.TextOrNull(value) is { } text)
        {
            if (Type is not ('\0' or 's') || Align == '=')
            {
                throw state.ValueError(Align == '=' ? "'=' alignment not allowed in string format specifier" : $"Unknown format code '{Type}' for object of type 'str'");
            }

            return Pad(state, "", Cut(state, text), '<');
        }

        if (value is double || (PythonType.IsInteger(value) && Type is 'e' or 'E' or 'f' or 'F' or 'g' or 'G' or '%'))
        {
            return FormatFloat(state, PythonType.ToDouble(state, value));
        }

        if (value is bool && Type == '\0')
        {
            return Width == 0 && Align == '\0' ? PythonText.Str(state, value) : Pad(state, "", value is true ? "1" : "0", '>');
        }

        if (PythonType.IsInteger(value))
        {
            return FormatInteger(state, PythonType.ToBig(value));
        }

        throw state.TypeError($"unsupported format string passed to {PythonType.Name(value)}.__format__");
    }

    /// <summary>The text up to the precision.</summary>
    internal string Cut(RenderState state, string text)
    {
        state.ChargeScan(text.Length);
        return Precision is { } kept && kept < CodePoints.Length(text) ? CodePoints.Slice(text, 0, kept).ToString() : text;
    }

    /// <summary>The steps that so many decimal digits of a float take: its exact value is multiplied by a power of ten.</summary>
    internal static long DigitSteps(int digits) => PythonText.FloatSteps + ((long)Math.Min(digits, DecimalText.MaxPrecision) * Math.Min(digits, DecimalText.MaxPrecision) >> 12);

    internal string FormatInteger(RenderState state, BigInteger value)
    {
        if (Type == 'c')
        {
            return value >= 0 && value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF)
                ? Pad(state, "", char.ConvertFromUtf32((int)value), '<')
                : throw state.Error("OverflowError", "%c arg not in range(0x110000)");
        }

        BigInteger magnitude = BigInteger.Abs(value);
        (int radix, string prefix) = Type switch
        {
            'x' or 'X' => (16, "0" + Type),
            'o' => (8, "0o"),
            'b' => (2, "0b"),
            '\0' or 'd' or 'n' or 'i' or 'u' => (10, ""),
            _ => throw state.ValueError($"Unknown format code '{Type}' for object of type 'int'"),
        };
        string digits = radix == 10 ? PythonText.Digits(state, magnitude) : InRadix(state, magnitude, radix);
        digits = Type == 'X' ? digits.ToUpperInvariant() : digits;
        return Pad(state, SignOf(value.Sign < 0) + (Alternate ? prefix : ""), Grouped(digits, radix == 10 ? 3 : 4), '>');
    }

    internal string FormatFloat(RenderState state, double value)
    {
        state.ChargeText(Precision ?? 6);
        state.Charge(DigitSteps(Precision ?? 6));
        double magnitude = Math.Abs(value);
        string digits = Type switch
        {
            'f' or 'F' => DecimalText.Fixed(magnitude, Precision ?? 6),
            'e' or 'E' => DecimalText.Scientific(magnitude, Precision ?? 6),
            'g' or 'G' => DecimalText.General(magnitude, Precision ?? 6),
            '%' => DecimalText.Fixed(magnitude * 100, Precision ?? 6) + "%",
            '\0' when Precision is { } precision => DecimalText.General(magnitude, precision),
            '\0' => PythonText.Float(magnitude),
            _ => throw state.ValueError($"Unknown format code '{Type}' for object of type 'float'"),
        };
        digits = char.IsAsciiLetterUpper(Type) ? digits.ToUpperInvariant() : digits;
        bool negative = double.IsNegative(value) && !double.IsNaN(value);
        return Pad(state, SignOf(negative), Grouped(digits, 3), '>');
    }

    internal string Pad(RenderState state, string sign, string text, char align)
    {
        state.ChargeScan(text.Length);
        int pad = Math.Max(0, Width - CodePoints.Length(text) - sign.Length);
        state.ChargeText(text.Length + sign.Length + ((long)pad * Fill.Length));
        string Fills(int count) => new StringBuilder().Insert(0, Fill, count).ToString();
        return (Align == '\0' ? align : Align) switch
        {
            '<' => sign + text + Fills(pad),
            '^' => Fills(pad / 2) + sign + text + Fills(pad - (pad / 2)),
            '=' => sign + Fills(pad) + text,
            _ => Fills(pad) + sign + text,
        };
    }

    string SignOf(bool negative) => negative ? "-" : Sign == '-' ? "" : Sign.ToString();

    string Grouped(string digits, int size)
    {
        if (Grouping == '\0')
        {
            return digits;
        }

        int whole = 0;
        while (whole < digits.Length && char.IsAsciiHexDigit(digits[whole]))
        {
            whole++;
        }

        StringBuilder into = new(digits.Length + (whole / size));
        for (int at = 0; at < digits.Length; at++)
        {
            _ = at > 0 && at < whole && (whole - at) % size == 0 ? into.Append(Grouping).Append(digits[at]) : into.Append(digits[at]);
        }

        return into.ToString();
    }

    /// <summary>The digits of a number that is not negative, in a radix that is a power of two: groups of its bits.</summary>
    static string InRadix(RenderState state, BigInteger value, int radix)
    {
        int width = BitOperations.Log2((uint)radix);
        int count = (int)Math.Max(1, (value.GetBitLength() + width - 1) / width);
        state.ChargeText(count);
        state.ChargeCharacters(count);
        byte[] bytes = value.ToByteArray();
        char[] digits = new char[count];
        for (int index = 0; index < count; index++)
        {
            int bit = index * width;
            int pair = bytes[bit >> 3] | ((bit >> 3) + 1 < bytes.Length ? bytes[(bit >> 3) + 1] << 8 : 0);
            digits[count - 1 - index] = "0123456789abcdef"[(pair >> (bit & 7)) & (radix - 1)];
        }

        return new string(digits);
    }
}
