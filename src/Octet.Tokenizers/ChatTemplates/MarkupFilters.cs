using System.Buffers;
using System.Text;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>Filters for HTML and addresses.</summary>
static class MarkupFilters
{
    const string HexDigits = "0123456789ABCDEF";
    static readonly SearchValues<char> s_notInNames = SearchValues.Create(" \t\n\f\r/>=");

    internal static object? Escape(RenderState state, object? value, Bound bound) => value as Markup ?? ForceEscape(state, value, bound);

    internal static object? ForceEscape(RenderState state, object? value, Bound bound)
    {
        string text = PythonText.Str(state, value);
        return new Markup(Markup.Escape(state, text));
    }

    internal static object? Safe(RenderState state, object? value, Bound bound) => value as Markup ?? new Markup(PythonText.Str(state, value));

    internal static object? StripTags(RenderState state, object? value, Bound bound)
    {
        string text = PythonText.Str(state, value);
        state.ChargeCharacters(4L * text.Length);
        state.ChargeText(text.Length);
        text = Without(Without(text, "<!--", "-->"), "<", ">");
        return HtmlText.Unescape(state, string.Join(' ', CodePoints.Words(text)));
    }

    internal static object? UrlEncode(RenderState state, object? value, Bound bound)
    {
        if (PythonType.IsText(value) || !Iteration.Can(value))
        {
            return Quote(state, PythonText.Str(state, value), query: false);
        }

        List<string> pairs = [];
        foreach (object? item in Iteration.Of(state, value is PythonDictionary dictionary ? DictionaryView.Pairs(dictionary) : value))
        {
            List<object?> pair = Iteration.ToList(state, item);
            if (pair.Count != 2)
            {
                throw state.ValueError(pair.Count < 2 ? $"not enough values to unpack (expected 2, got {pair.Count})" : "too many values to unpack (expected 2)");
            }

            pairs.Add($"{Quote(state, PythonText.Str(state, pair[0]), query: true)}={Quote(state, PythonText.Str(state, pair[1]), query: true)}");
        }

        state.ChargeText(pairs.Sum(static pair => pair.Length + 1L));
        return string.Join('&', pairs);
    }

    internal static object? XmlAttributes(RenderState state, object? value, Bound bound)
    {
        if (value is not PythonDictionary dictionary)
        {
            throw state.Error("AttributeError", $"'{PythonType.Name(value)}' object has no attribute 'items'");
        }

        StringBuilder into = new();
        foreach ((object? key, object? item) in dictionary)
        {
            state.Charge();
            if (item is null or Undefined)
            {
                continue;
            }

            string name = PythonText.Str(state, key);
            state.ChargeCharacters(name.Length);
            if (name.AsSpan().IndexOfAny(s_notInNames) >= 0)
            {
                throw state.ValueError($"Invalid character in attribute name: {PythonText.QuoteShort(name)}");
            }

            string escaped = ((Markup)Escape(state, item, bound)!).Text;
            state.ChargeText((long)name.Length + escaped.Length);
            state.RequireLength((long)into.Length + name.Length + escaped.Length);
            into.Append(into.Length == 0 ? "" : " ").Append(Markup.Escape(state, name)).Append("=\"").Append(escaped).Append('"');
        }

        return bound.Flag(state, 0, otherwise: true) && into.Length > 0 ? " " + into : into.ToString();
    }

    static string Without(string text, string open, string close)
    {
        StringBuilder into = new(text.Length);
        int at = 0;
        while (true)
        {
            int start = text.IndexOf(open, at, StringComparison.Ordinal);
            int end = start < 0 ? -1 : text.IndexOf(close, start, StringComparison.Ordinal);
            if (end < 0)
            {
                return into.Append(text, at, text.Length - at).ToString();
            }

            into.Append(text, at, start - at);
            at = end + close.Length;
        }
    }

    /// <summary>Per cent for every byte but letters, digits and <c>_.-~</c>; in a query also <c>/</c>, and a space as <c>+</c>.</summary>
    static string Quote(RenderState state, string text, bool query)
    {
        state.ChargeCharacters(4L * text.Length);
        StringBuilder into = new(text.Length);
        foreach (byte unit in Encoding.UTF8.GetBytes(text))
        {
            char c = (char)unit;
            _ = char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-' or '~' || (c == '/' && !query)
                ? into.Append(c)
                : c == ' ' && query ? into.Append('+') : into.Append('%').Append(HexDigits[unit >> 4]).Append(HexDigits[unit & 15]);
        }

        state.ChargeText(into.Length);
        return into.ToString();
    }
}
