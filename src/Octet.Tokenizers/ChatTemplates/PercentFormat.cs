using System.Numerics;
using System.Text;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>Python's <c>text % values</c>.</summary>
static class PercentFormat
{
    internal static object? Apply(RenderState state, object format, object? operand)
    {
        string text = PythonType.TextOrNull(format)!;
        bool escape = format is Markup;
        object?[] values = operand is PythonTuple tuple ? tuple.Items : [operand];
        PythonDictionary? mapping = operand as PythonDictionary;
        int used = 0;
        state.ChargeCharacters(text.Length);
        StringBuilder into = new();
        for (int at = 0; at < text.Length; at++)
        {
            state.RequireLength(into.Length);
            if (text[at] != '%')
            {
                into.Append(text[at]);
                continue;
            }

            if (++at == text.Length)
            {
                throw state.ValueError("incomplete format");
            }

            object? value = Bound.Absent;
            if (text[at] == '(')
            {
                int close = text.IndexOf(')', at);
                if (close < 0)
                {
                    throw state.ValueError("incomplete format key");
                }

                string key = text[(at + 1)..close];
                value = mapping is null ? throw state.TypeError("format requires a mapping")
                    : mapping.TryGet(key, out object? found) ? found : throw state.Error("KeyError", PythonText.QuoteShort(key));
                at = close + 1;
            }

            if (at < text.Length && text[at] == '%' && text[at - 1] == '%')
            {
                into.Append('%');
                continue;
            }

            FormatSpecification specification = new();
            at = ReadFlags(state, text, at, specification, () => Next(values, ref used, state));
            if (at >= text.Length)
            {
                throw state.ValueError("incomplete format");
            }

            specification.Type = text[at];
            value = ReferenceEquals(value, Bound.Absent) ? Next(values, ref used, state) : value;
            string made = Convert(state, specification, value, at, escape);
            state.ChargeText(made.Length);
            state.RequireLength((long)into.Length + made.Length);
            into.Append(made);
        }

        // Whatever has elements counts as a mapping here, so that CPython does not ask whether it was used.
        if (used < values.Length && operand is not (PythonDictionary or List<object?> or PythonRange or Undefined))
        {
            throw state.TypeError("not all arguments converted during string formatting");
        }

        state.ChargeText(into.Length);
        return escape ? new Markup(into.ToString()) : into.ToString();
    }

    static object? Next(object?[] values, ref int used, RenderState state) =>
        used < values.Length ? values[used++] : throw state.TypeError("not enough arguments for format string");

    static int ReadFlags(RenderState state, string text, int at, FormatSpecification into, Func<object?> next)
    {
        bool zero = false;
        for (; at < text.Length && text[at] is '-' or '+' or ' ' or '#' or '0'; at++)
        {
            switch (text[at])
            {
                case '-':
                    into.Align = '<';
                    break;
                case '+':
                    into.Sign = '+';
                    break;
                case ' ':
                    into.Sign = into.Sign == '+' ? '+' : ' ';
                    break;
                case '#':
                    into.Alternate = true;
                    break;
                default:
                    zero = true;
                    break;
            }
        }

        if (zero && into.Align == '\0')
        {
            into.Align = '=';
            into.Fill = "0";
        }

        into.Width = ReadNumber(state, text, ref at, next) ?? 0;
        if (into.Width < 0)
        {
            (into.Align, into.Fill, into.Width) = ('<', " ", -into.Width);
        }

        if (at < text.Length && text[at] == '.')
        {
            at++;
            into.Precision = Math.Max(0, ReadNumber(state, text, ref at, next) ?? 0);
        }

        // C's letters for the size of a number say nothing here.
        return at < text.Length && text[at] is 'h' or 'l' or 'L' ? at + 1 : at;
    }

    static int? ReadNumber(RenderState state, string text, ref int at, Func<object?> next)
    {
        if (at < text.Length && text[at] == '*')
        {
            at++;
            return next() is { } value && PythonType.IsInteger(value) ? PythonType.ToIndex(state, value) : throw state.TypeError("* wants int");
        }

        return FormatSpecification.Number(state, text, ref at);
    }

    static string Convert(RenderState state, FormatSpecification specification, object? value, int at, bool escape)
    {
        char type = specification.Type;
        if (type is 's' or 'r' or 'a' or 'c')
        {
            specification.Fill = " ";
            specification.Align = specification.Align == '=' ? '>' : specification.Align;
        }

        switch (type)
        {
            case 's' or 'r' or 'a':
                string text = type == 's' ? PythonText.Str(state, value) : type == 'r' ? PythonText.Repr(state, value) : PythonText.Ascii(state, value);
                text = escape && !(type == 's' && value is Markup) ? Markup.Escape(state, text) : text;
                return specification.Pad(state, "", specification.Cut(state, text), '>');
            case 'c' when PythonType.IsText(value):
                string point = PythonType.TextLength(value) <= 2 ? PythonText.Str(state, value) : "";
                return CodePoints.Length(point) == 1 ? specification.Pad(state, "", point, '>') : throw state.TypeError("%c requires int or char");
            case 'c' when PythonType.IsInteger(value):
                return specification.Pad(state, "", FormatSpecification.Character(state, PythonType.ToBig(value)), '>');
            case 'c':
                throw state.TypeError($"%c requires int or char, not {PythonType.Name(value)}");
            case 'd' or 'i' or 'u':
                if (!PythonType.IsNumber(value) || (value is double real && !double.IsFinite(real)))
                {
                    throw state.TypeError($"%{type} format: a real number is required, not {PythonType.Name(value)}");
                }

                specification.Type = 'd';
                return specification.FormatInteger(state, value is double number ? new BigInteger(number) : PythonType.ToBig(value));
            case 'x' or 'X' or 'o':
                return PythonType.IsInteger(value)
                    ? specification.FormatInteger(state, PythonType.ToBig(value))
                    : throw state.TypeError($"%{type} format: an integer is required, not {PythonType.Name(value)}");
            case 'e' or 'E' or 'f' or 'F' or 'g' or 'G':
                return PythonType.IsNumber(value)
                    ? specification.FormatFloat(state, PythonType.ToDouble(state, value))
                    : throw state.TypeError($"must be real number, not {PythonType.Name(value)}");
            default:
                throw state.ValueError($"unsupported format character '{type}' (0x{(int)type:x}) at index {at}");
        }
    }
}
