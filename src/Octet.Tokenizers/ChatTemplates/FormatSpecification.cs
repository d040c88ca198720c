using System.Globalization;
using System.Numerics;
using System.Text;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>One conversion of <c>str.format</c> or <c>%</c>: <c>[[fill]align][sign][z][#][0][width][grouping][.precision][type]</c>.</summary>
sealed class FormatSpecification
{
    const int DefaultPrecision = 6;

    internal string Fill { get; set; } = " ";

    internal char Align { get; set; }

    internal char Sign { get; set; }

    /// <summary>A number that is rounded to nothing loses its sign (<c>z</c>).</summary>
    internal bool PositiveZero { get; set; }

    internal bool Alternate { get; set; }

    internal int Width { get; set; }

    internal char Grouping { get; set; }

    internal int? Precision { get; set; }

    internal char Type { get; set; }

    /// <summary>Python's <c>format(value, text)</c> with a text that is not empty.</summary>
    internal static string Format(RenderState state, object? value, string text)
    {
        if (PythonType.TextOrNull(value) is { } characters)
        {
            return Parse(state, text, isText: true).FormatText(state, characters);
        }

        if (!PythonType.IsNumber(value))
        {
            throw state.TypeError($"unsupported format string passed to {PythonType.Name(value)}.__format__");
        }

        FormatSpecification specification = Parse(state, text, isText: false);
        if (value is double || specification.Type is 'e' or 'E' or 'f' or 'F' or 'g' or 'G' or '%')
        {
            return specification.FormatFloat(state, PythonType.ToDouble(state, value));
        }

        if (specification.Precision is not null || specification.PositiveZero)
        {
            throw state.ValueError($"{(specification.PositiveZero ? "Negative zero coercion (z)" : "Precision")} not allowed in integer format specifier");
        }

        if (specification.Type != 'c')
        {
            return specification.FormatInteger(state, PythonType.ToBig(value));
        }

        return specification.Sign == '\0' && !specification.Alternate
            ? specification.Pad(state, "", Character(state, PythonType.ToBig(value)), '>')
            : throw state.ValueError($"{(specification.Sign != '\0' ? "Sign" : "Alternate form (#)")} not allowed with integer format specifier 'c'");
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

    /// <summary>The text up to the precision.</summary>
    internal string Cut(RenderState state, string text)
    {
        state.ChargeScan(text.Length);
        return Precision is { } kept && kept < CodePoints.Length(text) ? CodePoints.Slice(text, 0, kept).ToString() : text;
    }

    /// <summary>The steps that so many decimal digits of a float take: its exact value is multiplied by a power of ten.</summary>
    internal static long DigitSteps(int digits) => PythonText.FloatSteps + ((long)Math.Min(digits, DecimalText.MaxPrecision) * Math.Min(digits, DecimalText.MaxPrecision) >> 12);

    internal static string Character(RenderState state, BigInteger point) => point >= 0 && point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF)
        ? char.ConvertFromUtf32((int)point)
        : throw state.Error("OverflowError", "%c arg not in range(0x110000)");

    /// <summary>An integer in its radix; a precision, which <c>%</c> alone has, is the least number of its digits.</summary>
    internal string FormatInteger(RenderState state, BigInteger value)
    {
        BigInteger magnitude = BigInteger.Abs(value);
        (int radix, string prefix) = Type switch
        {
            'x' or 'X' => (16, "0" + Type),
            'o' => (8, "0o"),
            'b' => (2, "0b"),
            '\0' or 'd' or 'n' => (10, ""),
            _ => throw state.ValueError($"Unknown format code '{Type}' for object of type 'int'"),
        };
        string digits = radix == 10 ? PythonText.Digits(state, magnitude) : InRadix(state, magnitude, radix);
        digits = Type == 'X' ? digits.ToUpperInvariant() : digits;
        if (Precision is { } least && least > digits.Length)
        {
            state.ChargeText(least);
            digits = digits.PadLeft(least, '0');
        }

        return PadNumber(state, SignOf(value.Sign < 0) + (Alternate ? prefix : ""), digits, "", radix == 10 ? 3 : 4);
    }

    internal string FormatFloat(RenderState state, double value)
    {
        int precision = Precision ?? DefaultPrecision;
        state.ChargeText(precision);
        state.Charge(DigitSteps(precision));
        double magnitude = Math.Abs(value);
        string digits = Type switch
        {
            'f' or 'F' => DecimalText.Fixed(magnitude, precision, Alternate),
            'e' or 'E' => DecimalText.Scientific(magnitude, precision, Alternate),
            'g' or 'G' or 'n' => DecimalText.General(magnitude, precision, Alternate),
            '%' => DecimalText.Fixed(magnitude * 100, precision, Alternate) + "%",
            '\0' when Precision is not null => DecimalText.General(magnitude, precision, Alternate, asFloat: true),
            '\0' => DecimalText.WithPoint(PythonText.Float(magnitude), Alternate && double.IsFinite(value)),
            _ => throw state.ValueError($"Unknown format code '{Type}' for object of type 'float'"),
        };
        digits = char.IsAsciiLetterUpper(Type) ? digits.ToUpperInvariant() : digits;
        bool zero = PositiveZero && double.IsFinite(value) && !digits.AsSpan().ContainsAnyInRange('1', '9');
        int whole = digits.AsSpan().IndexOfAnyExceptInRange('0', '9');
        whole = whole < 0 ? digits.Length : whole;
        return PadNumber(state, SignOf(double.IsNegative(value) && !double.IsNaN(value) && !zero), digits[..whole], digits[whole..], 3);
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

    static FormatSpecification Parse(RenderState state, string text, bool isText)
    {
        FormatSpecification made = new();
        int at = 0;
        int first = CodePoints.Offset(text, 0, 1);
        bool filled = first < text.Length && text[first] is '<' or '>' or '=' or '^';
        if (filled)
        {
            made.Fill = text[..first];
            made.Align = text[first];
            at = first + 1;
        }
        else if (text.Length > 0 && text[0] is '<' or '>' or '=' or '^')
        {
            made.Align = text[at++];
        }

        made.Sign = at < text.Length && text[at] is '+' or '-' or ' ' ? text[at++] : '\0';
        made.PositiveZero = Skip('z');
        made.Alternate = Skip('#');
        if (!filled && Skip('0'))
        {
            made.Fill = "0";
            made.Align = made.Align == '\0' && !isText ? '=' : made.Align;
        }

        made.Width = Number(state, text, ref at) ?? 0;
        made.Grouping = at < text.Length && text[at] is ',' or '_' ? text[at++] : '\0';
        if (made.Grouping != '\0' && at < text.Length && text[at] is ',' or '_')
        {
            throw state.ValueError(text[at] == made.Grouping ? $"Cannot specify '{text[at]}' with '{text[at]}'." : "Cannot specify both ',' and '_'.");
        }

        if (Skip('.'))
        {
            made.Precision = Number(state, text, ref at) ?? throw state.ValueError("Format specifier missing precision");
        }

        made.Type = at < text.Length ? text[at++] : isText ? 's' : '\0';
        if (at < text.Length)
        {
            throw state.ValueError("Invalid format specifier");
        }

        bool groups = made.Type is '\0' or 'd' or 'e' or 'E' or 'f' or 'F' or 'g' or 'G' or '%' || (made.Grouping == '_' && made.Type is 'b' or 'o' or 'x' or 'X');
        return made.Grouping == '\0' || groups ? made : throw state.ValueError($"Cannot specify '{made.Grouping}' with '{made.Type}'.");

        bool Skip(char option)
        {
            bool there = at < text.Length && text[at] == option;
            at += there ? 1 : 0;
            return there;
        }
    }

    string FormatText(RenderState state, string text)
    {
        string? refused = Type != 's' ? $"Unknown format code '{Type}' for object of type 'str'"
            : Sign != '\0' ? "Sign not allowed in string format specifier"
            : PositiveZero ? "Negative zero coercion (z) not allowed in string format specifier"
            : Alternate ? "Alternate form (#) not allowed in string format specifier"
            : Align == '=' ? "'=' alignment not allowed in string format specifier"
            : null;
        return refused is null ? Pad(state, "", Cut(state, text), '<') : throw state.ValueError(refused);
    }

    string SignOf(bool negative) => negative ? "-" : Sign is '+' or ' ' ? Sign.ToString() : "";

    /// <summary>A number to its width. Where zeros fill it they are grouped with its digits.</summary>
    string PadNumber(RenderState state, string sign, string digits, string rest, int size)
    {
        if (Grouping == '\0' || digits.Length == 0)
        {
            return Pad(state, sign, digits + rest, '>');
        }

        // The fewest digits that are so wide with their separators; a separator comes never first.
        long wide = Fill == "0" && Align == '=' ? (long)Width - sign.Length - rest.Length : 0;
        long count = Math.Max(digits.Length, wide - (wide / (size + 1)));
        count += count + ((count - 1) / size) < wide ? 1 : 0;
        state.ChargeText(count + (count / size) + rest.Length);
        StringBuilder into = new();
        for (long left = count; left > 0; left--)
        {
            into.Append(left > digits.Length ? '0' : digits[digits.Length - (int)left]);
            _ = left > 1 && (left - 1) % size == 0 ? into.Append(Grouping) : into;
        }

        return Pad(state, sign, into.Append(rest).ToString(), '>');
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
