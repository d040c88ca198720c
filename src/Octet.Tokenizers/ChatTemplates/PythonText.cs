using System.Globalization;
using System.Numerics;
using System.Text;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>Python's <c>str()</c> and <c>repr()</c>.</summary>
static class PythonText
{
    /// <summary>CPython's limit on the digits of an integer's text (<c>sys.int_info.default_max_str_digits</c>).</summary>
    const int MaxIntegerDigits = 4300;

    /// <summary>What finding a float's shortest digits takes.</summary>
    internal const int FloatSteps = 8;

    /// <summary>The characters of a name that a message shows.</summary>
    const int MaxShown = 100;

    internal static string Str(RenderState state, object? value) => value switch
    {
        string text => text,
        Rope rope => rope.ToString(),
        Markup markup => markup.Text,
        Undefined => "",
        _ => Repr(state, value),
    };

    internal static string Repr(RenderState state, object? value)
    {
        switch (value)
        {
            case null:
                return "None";
            case bool truth:
                return truth ? "True" : "False";
            case long small:
                return small.ToString(CultureInfo.InvariantCulture);
            case BigInteger big:
                return Digits(state, big);
            case double real:
                state.Charge(FloatSteps);
                return Float(real);
        }

        StringBuilder into = new();
        Append(state, into, value);
        state.ChargeText(into.Length);
        return into.ToString();
    }

    /// <summary>Python's <c>ascii()</c>: the <c>repr</c> with everything beyond ASCII escaped.</summary>
    internal static string Ascii(RenderState state, object? value)
    {
        string text = Repr(state, value);
        state.ChargeCharacters(text.Length);
        if (System.Text.Ascii.IsValid(text))
        {
            return text;
        }

        StringBuilder into = new(text.Length * 2);
        for (int at = 0; at < text.Length; at++)
        {
            char c = text[at];
            int point = at + 1 < text.Length && char.IsSurrogatePair(c, text[at + 1]) ? char.ConvertToUtf32(c, text[++at]) : c;
            _ = point switch
            {
                < 0x80 => into.Append(c),
                <= 0xFF => into.Append(CultureInfo.InvariantCulture, $"\\x{point:x2}"),
                <= 0xFFFF => into.Append(CultureInfo.InvariantCulture, $"\\u{point:x4}"),
                _ => into.Append(CultureInfo.InvariantCulture, $"\\U{point:x8}"),
            };
        }

        state.ChargeText(into.Length);
        return into.ToString();
    }

    internal static string Digits(RenderState state, BigInteger value)
    {
        // 4300 digits are at most 14,285 bits; what has many more is refused before the digits are made.
        long bits = value.GetBitLength();
        state.Charge(1 + (bits * bits >> 16));
        string digits = bits > MaxIntegerDigits * 4 ? "" : value.ToString(CultureInfo.InvariantCulture);
        return digits.Length == 0 || digits.Length - (value.Sign < 0 ? 1 : 0) > MaxIntegerDigits
            ? throw state.ValueError($"Exceeds the limit ({MaxIntegerDigits} digits) for integer string conversion")
            : digits;
    }

    /// <summary>The shortest digits that give the double back, with an exponent below 1e-4 and from 1e16 on, as CPython's <c>repr</c>.</summary>
    internal static string Float(double value)
    {
        if (!double.IsFinite(value))
        {
            return double.IsNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
        }

        if (value == 0)
        {
            return double.IsNegative(value) ? "-0.0" : "0.0";
        }

        string scientific = value.ToString("E16", CultureInfo.InvariantCulture);
        string shortest = value.ToString("R", CultureInfo.InvariantCulture);
        string digits = shortest.TrimStart('-');
        int mark = digits.IndexOf('E', StringComparison.Ordinal);
        digits = (mark < 0 ? digits : digits[..mark]).Replace(".", "", StringComparison.Ordinal).TrimStart('0').TrimEnd('0');
        int exponent = int.Parse(scientific.AsSpan(scientific.IndexOf('E', StringComparison.Ordinal) + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        if (digits.Length == 1 && mark >= 0)
        {
            exponent = int.Parse(shortest.AsSpan(shortest.IndexOf('E', StringComparison.Ordinal) + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        }

        string sign = value < 0 ? "-" : "";
        if (exponent is < -4 or >= 16)
        {
            string fraction = digits.Length > 1 ? "." + digits[1..] : "";
            return $"{sign}{digits[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        }

        if (exponent < 0)
        {
            return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        }

        string whole = digits.PadRight(exponent + 1, '0');
        string rest = whole[(exponent + 1)..];
        return $"{sign}{whole[..(exponent + 1)]}.{(rest.Length == 0 ? "0" : rest)}";
    }

    /// <summary>The <c>repr</c> of a name for a message, cut where it is long.</summary>
    internal static string QuoteShort(string text) => Quote(text.Length <= MaxShown ? text : text[..MaxShown] + "…");

    /// <summary>A string's <c>repr</c>: single quotes unless only double ones avoid an escape; what does not print is escaped.</summary>
    internal static string Quote(string text)
    {
        char quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        StringBuilder into = new(text.Length + 2);
        into.Append(quote);
        for (int at = 0; at < text.Length; at++)
        {
            char c = text[at];
            if (c == quote || c == '\\')
            {
                into.Append('\\').Append(c);
            }
            else if (c is >= ' ' and < '\x7f')
            {
                into.Append(c);
            }
            else if (at + 1 < text.Length && char.IsSurrogatePair(c, text[at + 1]))
            {
                int point = char.ConvertToUtf32(c, text[++at]);
                into.Append(Prints(CharUnicodeInfo.GetUnicodeCategory(point)) ? char.ConvertFromUtf32(point) : $"\\U{point:x8}");
            }
            else
            {
                into.Append(c switch
                {
                    '\n' => "\\n",
                    '\r' => "\\r",
                    '\t' => "\\t",
                    _ when Prints(CharUnicodeInfo.GetUnicodeCategory(c)) => c.ToString(),
                    <= '\xff' => $"\\x{(int)c:x2}",
                    _ => $"\\u{(int)c:x4}",
                });
            }
        }

        return into.Append(quote).ToString();
    }

    /// <summary>Python's <c>str.isprintable</c> for one code point.</summary>
    internal static bool IsPrintable(Rune point) => point.Value == ' ' || Prints(Rune.GetUnicodeCategory(point));

    static bool Prints(UnicodeCategory category) => category is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
        or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator
        or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);

    static void Append(RenderState state, StringBuilder into, object? value)
    {
        state.Charge();
        state.RequireLength(into.Length);
        switch (value)
        {
            case string or Rope:
                AppendQuoted(state, into, PythonType.TextOrNull(value)!);
                break;
            case Markup markup:
                into.Append("Markup(");
                AppendQuoted(state, into, markup.Text);
                into.Append(')');
                break;
            case List<object?> list:
                AppendItems(state, into, '[', list, ']');
                break;
            case PythonTuple tuple:
                AppendItems(state, into, '(', tuple.Items, tuple.Items.Length == 1 ? ',' : '\0');
                into.Append(')');
                break;
            case PythonDictionary dictionary:
                AppendPairs(state, into, "{", dictionary, "}");
                break;
            case DictionaryView view:
                into.Append(view.TypeName).Append('(');
                AppendItems(state, into, '[', view.Items, ']');
                into.Append(')');
                break;
            case Namespace ns:
                AppendPairs(state, into, "<Namespace {", ns.Attributes.Select(static pair => new KeyValuePair<object?, object?>(pair.Key, pair.Value)), "}>");
                break;
            case PythonRange range:
                string text = range.ToString();
                state.ChargeText(text.Length);
                into.Append(text);
                break;
            case Undefined:
                into.Append("Undefined");
                break;
            case Macro macro:
                into.Append("<Macro ");
                AppendQuoted(state, into, macro.Name);
                into.Append('>');
                break;
            case LoopContext loop:
                into.Append(CultureInfo.InvariantCulture, $"<LoopContext {loop.Index0 + 1}/{loop.Length(state)}>");
                break;
            case BuiltIn function:
                into.Append("<function ").Append(function.Name).Append('>');
                break;
            case null or bool or long or BigInteger or double:
                into.Append(Repr(state, value));
                break;
            default:
                into.Append('<').Append(PythonType.Name(value)).Append(" object>");
                break;
        }
    }

    static void AppendQuoted(RenderState state, StringBuilder into, string text)
    {
        state.ChargeCharacters(text.Length);
        state.RequireLength((long)into.Length + text.Length);
        string quoted = Quote(text);
        state.ChargeText(quoted.Length);
        state.RequireLength((long)into.Length + quoted.Length);
        into.Append(quoted);
    }

    static void AppendItems(RenderState state, StringBuilder into, char open, IEnumerable<object?> items, char close)
    {
        state.Enter();
        into.Append(open);
        bool first = true;
        foreach (object? item in items)
        {
            into.Append(first ? "" : ", ");
            Append(state, into, item);
            first = false;
        }

        if (close != '\0')
        {
            into.Append(close);
        }

        state.Leave();
    }

    static void AppendPairs(RenderState state, StringBuilder into, string open, IEnumerable<KeyValuePair<object?, object?>> pairs, string close)
    {
        state.Enter();
        into.Append(open);
        bool first = true;
        foreach ((object? key, object? value) in pairs)
        {
            into.Append(first ? "" : ", ");
            Append(state, into, key);
            into.Append(": ");
            Append(state, into, value);
            first = false;
        }

        into.Append(close);
        state.Leave();
    }
}
