using System.Text;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>Filters that make text. What was marked as escaped stays so.</summary>
static class TextFilters
{
    internal static object? Capitalize(RenderState state, object? value, Bound bound) => Like(value, TextCase.Capitalize(state, Input(state, value)));

    internal static object? Lower(RenderState state, object? value, Bound bound) => Like(value, TextCase.Lower(state, Input(state, value)));

    internal static object? Upper(RenderState state, object? value, Bound bound) => Like(value, TextCase.Upper(state, Input(state, value)));

    internal static object? Text(RenderState state, object? value, Bound bound) => PythonType.IsText(value) ? value : Input(state, value);

    internal static object? Center(RenderState state, object? value, Bound bound) =>
        Like(value, StringMethods.Justify(state, Input(state, value), bound.Integer(state, 0, 80), " ", 0));

    internal static object? Format(RenderState state, object? value, Bound bound)
    {
        Arguments given = bound.All;
        if (given.Named.Length > 0 && given.Positional.Length > 0)
        {
            throw state.Error("FilterArgumentError", "can't handle positional and keyword arguments at the same time");
        }

        object? operand = new PythonTuple(given.Positional);
        if (given.Named.Length > 0)
        {
            PythonDictionary named = new();
            foreach ((string name, object? item) in given.Named)
            {
                named.Set(state, name, item);
            }

            operand = named;
        }

        return PercentFormat.Apply(state, Like(value, Input(state, value)), operand);
    }

    internal static object? Indent(RenderState state, object? value, Bound bound)
    {
        string text = PythonType.TextOrNull(value) ?? throw (value is Undefined undefined
            ? state.Use(undefined)
            : state.TypeError($"unsupported operand type(s) for +=: '{PythonType.Name(value)}' and 'str'"));
        state.ChargeText(text.Length);
        object? width = bound.Or(0, 4L);
        string indention = PythonType.TextOrNull(width) ?? PythonText.Str(state, Arithmetic.Apply(state, "*", " ", width));
        bool blank = bound.Flag(state, 2);
        List<string> lines = CodePoints.Lines(state, text + "\n");
        state.ChargeText(text.Length + ((long)lines.Count * indention.Length));
        StringBuilder into = new(bound.Flag(state, 1) ? indention : "");
        for (int index = 0; index < lines.Count; index++)
        {
            if (index > 0)
            {
                into.Append('\n').Append(blank || lines[index].Length > 0 ? indention : "");
            }

            into.Append(lines[index]);
        }

        return Like(value, into.ToString());
    }

    internal static object? PrettyPrint(RenderState state, object? value, Bound bound)
    {
        string text = PythonText.Repr(state, Sorted(state, value));
        return text.Length <= 80 ? text : throw state.Error("TemplateRuntimeError", "the filter 'pprint' prints no more than one line of 80 characters here: use 'tojson(indent=2)'");
    }

    internal static object? Replace(RenderState state, object? value, Bound bound) => StringMethods.ReplaceText(
        state, Input(state, value), bound.Text(state, 0), bound.Text(state, 1), bound.Or(2, null) is null ? -1 : bound.Integer(state, 2, -1));

    /// <summary>Words begin at the start and after white space, brackets, <c>-</c> and <c>&lt;</c>.</summary>
    internal static object? Title(RenderState state, object? value, Bound bound)
    {
        string text = Input(state, value);
        StringBuilder into = new(text.Length);
        int start = 0;
        while (start < text.Length)
        {
            int end = start;
            bool separator = Separates(text[start]);
            while (end < text.Length && Separates(text[end]) == separator)
            {
                end++;
            }

            state.Charge();
            int first = CodePoints.Offset(text, start, 1);
            into.Append(TextCase.Upper(state, text[start..first])).Append(TextCase.Lower(state, text[first..end]));
            start = end;
        }

        return into.ToString();

        static bool Separates(char c) => c is '-' or '(' or '{' or '[' or '<' || CodePoints.IsSpace(c);
    }

    /// <summary>transformers' <c>tojson</c>, not jinja2's: nothing is escaped for HTML.</summary>
    internal static object? ToJson(RenderState state, object? value, Bound bound)
    {
        object? width = bound.Or(1, null);
        string? indent = width is null ? null : PythonType.TextOrNull(width) ?? PythonText.Str(state, Arithmetic.Apply(state, "*", " ", width));
        (string item, string key) = (indent is null ? ", " : ",", ": ");
        if (bound.Or(2, null) is { } separators)
        {
            List<object?> pair = Iteration.ToList(state, separators);
            if (pair.Count != 2 || PythonType.TextOrNull(pair[0]) is not { } first || PythonType.TextOrNull(pair[1]) is not { } second)
            {
                throw state.ValueError("separators is a pair of strings");
            }

            (item, key) = (first, second);
        }

        return new PythonJson(state, bound.Flag(state, 0), indent, item, key, bound.Flag(state, 3)).Write(value);
    }

    internal static object? Trim(RenderState state, object? value, Bound bound) => Like(value, StringMethods.Strip(state, Input(state, value), bound.Or(0, null), true, true));

    internal static object? Truncate(RenderState state, object? value, Bound bound)
    {
        if (PythonType.TextOrNull(value) is not { } text)
        {
            throw value is Undefined undefined && bound.Or(0, null) is not null
                ? state.Use(undefined)
                : state.TypeError($"object of type '{PythonType.Name(value)}' has no len()");
        }

        state.ChargeScan(text.Length);
        int length = bound.Integer(state, 0, 255);
        string end = bound.Text(state, 2, "...");
        int leeway = bound.Or(3, null) is null ? 5 : bound.Integer(state, 3, 5);
        state.ChargeScan(end.Length);
        long kept = (long)length - CodePoints.Length(end);
        if (kept < 0 || leeway < 0)
        {
            throw state.Error("AssertionError", kept < 0 ? $"expected length >= {CodePoints.Length(end)}, got {Given(0)}" : $"expected leeway >= 0, got {Given(3)}");
        }

        if (CodePoints.Length(text) <= (long)length + leeway)
        {
            return value;
        }

        ReadOnlySpan<char> cut = CodePoints.Slice(text, 0, (int)kept);
        state.ChargeText(cut.Length);
        int space = bound.Flag(state, 1) ? -1 : cut.LastIndexOf(' ');
        return Arithmetic.Apply(state, "+", Like(value, (space < 0 ? cut : cut[..space]).ToString()), bound.Or(2, null) is Markup marked ? marked : end);

        string Given(int index) => PythonText.Str(state, bound.Or(index, 255L));
    }

    internal static object? WordCount(RenderState state, object? value, Bound bound)
    {
        long words = 0;
        bool inside = false;
        string text = Input(state, value);
        state.ChargeCharacters(text.Length);
        for (int at = 0; at < text.Length;)
        {
            Rune point = CodePoints.RuneAt(text, at, out int width);
            bool word = point.Value == '_' || Rune.IsLetterOrDigit(point) || Rune.IsNumber(point);
            words += word && !inside ? 1 : 0;
            inside = word;
            at += width;
        }

        return words;
    }

    static object? Sorted(RenderState state, object? value)
    {
        if (value is not PythonDictionary dictionary)
        {
            return value;
        }

        PythonDictionary sorted = new();
        foreach ((object? key, object? item) in Comparison.Sorted(state, dictionary, static pair => pair.Key, reverse: false))
        {
            sorted.Set(state, key, item);
        }

        return sorted;
    }

    static string Input(RenderState state, object? value)
    {
        string text = PythonText.Str(state, value);
        state.ChargeScan(text.Length);
        return text;
    }

    static object Like(object? source, string text) => source is Markup ? new Markup(text) : text;
}
