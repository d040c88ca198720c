using System.Globalization;
using System.Text;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>Python's <c>text.format(...)</c>; attributes and elements are reached as the sandbox reaches them.</summary>
sealed class StringFormat
{
    readonly RenderState _state;
    readonly Arguments _arguments;
    readonly PythonDictionary? _mapping;

    /// <summary>Whether the text is marked as escaped, so that what is put into it is escaped too.</summary>
    readonly bool _escapes;
    int _automatic;
    bool _manual;

    StringFormat(RenderState state, Arguments arguments, PythonDictionary? mapping, bool escapes)
    {
        _state = state;
        _arguments = arguments;
        _mapping = mapping;
        _escapes = escapes;
    }

    internal static string Apply(RenderState state, object text, Arguments arguments) =>
        new StringFormat(state, arguments, null, text is Markup).Run(PythonType.TextOrNull(text)!, 2);

    internal static string ApplyMap(RenderState state, object text, object? mapping) => mapping is PythonDictionary named
        ? new StringFormat(state, Arguments.None, named, text is Markup).Run(PythonType.TextOrNull(text)!, 2)
        : throw state.TypeError($"format_map() takes a mapping, not {PythonType.Name(mapping)}");

    string Run(string text, int depth)
    {
        if (depth == 0)
        {
            throw _state.ValueError("Max string recursion exceeded");
        }

        _state.ChargeCharacters(text.Length);
        StringBuilder into = new();
        for (int at = 0; at < text.Length; at++)
        {
            char c = text[at];
            if (c is '{' or '}' && at + 1 < text.Length && text[at + 1] == c)
            {
                into.Append(c);
                at++;
            }
            else if (c == '}')
            {
                throw _state.ValueError("Single '}' encountered in format string");
            }
            else if (c == '{')
            {
                int close = Close(text, at);
                string made = Field(text[(at + 1)..close], depth);
                _state.ChargeText(made.Length);
                _state.RequireLength((long)into.Length + made.Length);
                into.Append(made);
                at = close;
            }
            else
            {
                into.Append(c);
            }
        }

        _state.ChargeText(into.Length);
        return into.ToString();
    }

    int Close(string text, int open)
    {
        int depth = 0;
        for (int at = open; at < text.Length; at++)
        {
            depth += text[at] == '{' ? 1 : text[at] == '}' ? -1 : 0;
            if (depth == 0)
            {
                return at;
            }
        }

        throw _state.ValueError(open + 1 == text.Length ? "Single '{' encountered in format string" : "expected '}' before end of string");
    }

    string Field(string field, int depth)
    {
        int colon = field.IndexOf(':', StringComparison.Ordinal);
        string name = colon < 0 ? field : field[..colon];
        char conversion = '\0';
        int mark = name.IndexOf('!', StringComparison.Ordinal);
        if (mark >= 0)
        {
            conversion = mark + 2 == name.Length ? name[mark + 1] : throw _state.ValueError("expected ':' after conversion specifier");
            name = name[..mark];
        }

        object? value = Lookup(name);
        string specification = colon < 0 ? "" : Run(field[(colon + 1)..], depth - 1);
        value = conversion switch
        {
            '\0' => value,
            's' => PythonText.Str(_state, value),
            'r' => PythonText.Repr(_state, value),
            'a' => PythonText.Ascii(_state, value),
            _ => throw _state.ValueError($"Unknown conversion specifier '{conversion}'"),
        };
        if (value is Markup markup && _escapes)
        {
            return specification.Length == 0 ? markup.Text : throw _state.ValueError("Unsupported format specification for Markup.");
        }

        string made = specification.Length == 0 ? PythonText.Str(_state, value) : FormatSpecification.Format(_state, value, specification);
        return _escapes ? Markup.Escape(_state, made) : made;
    }

    object? Lookup(string path)
    {
        int end = path.AsSpan().IndexOfAny('.', '[');
        end = end < 0 ? path.Length : end;
        object? value = First(path[..end]);
        while (end < path.Length)
        {
            int start = end + 1;
            if (path[end] == '.')
            {
                end = path.AsSpan(start).IndexOfAny('.', '[');
                end = end < 0 ? path.Length : start + end;
                string name = path[start..end];
                value = name.Length == 0 ? throw _state.ValueError("Empty attribute in format string") : Attributes.Get(_state, value, name);
            }
            else if (path[end] == '[')
            {
                end = path.IndexOf(']', start);
                string key = end < 0 ? throw _state.ValueError("Missing ']' in format string") : path[start..end];
                value = Attributes.GetItem(_state, value, Index(key) is { } index ? index : key);
                end++;
            }
            else
            {
                throw _state.ValueError("Only '.' or '[' may follow ']' in format field specifier");
            }
        }

        return value;
    }

    object? First(string name)
    {
        if (_mapping is not null)
        {
            return _mapping.TryGet(name, out object? entry) ? entry : throw _state.Error("KeyError", PythonText.QuoteShort(name));
        }

        long? index = name.Length == 0 ? _automatic++ : Index(name);
        if (index is not { } position)
        {
            return _arguments.TryNamed(name, out object? value) ? value : throw _state.Error("KeyError", PythonText.QuoteShort(name));
        }

        _manual |= name.Length > 0;
        if (_manual && _automatic > 0)
        {
            throw _state.ValueError("cannot mix automatic field numbering and manual field specification: number all fields or none");
        }

        return position < _arguments.Positional.Length
            ? _arguments.Positional[position]
            : throw _state.Error("IndexError", $"Replacement index {position} out of range for positional args tuple");
    }

    static long? Index(string name) => name.Length is > 0 and < 10 && name.All(char.IsAsciiDigit) ? long.Parse(name, CultureInfo.InvariantCulture) : null;
}
