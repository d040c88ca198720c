using System.Text;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>The methods of strings. Positions and lengths count code points.</summary>
static class StringMethods
{
    internal static Dictionary<string, Operation> Table { get; } = Build();

    static Dictionary<string, Operation> Build() => new(StringComparer.Ordinal)
    {
        ["upper"] = Text(static (_, text, _) => TextCase.Upper(text)),
        ["lower"] = Text(static (_, text, _) => TextCase.Lower(text)),
        ["casefold"] = Text(static (_, text, _) => TextCase.Lower(text).Replace("ß", "ss", StringComparison.Ordinal).Replace('ς', 'σ')),
        ["swapcase"] = Text(static (_, text, _) => TextCase.Swap(text)),
        ["title"] = Text(static (_, text, _) => TextCase.Title(text)),
        ["capitalize"] = Text(static (_, text, _) => TextCase.Capitalize(text)),
        ["strip"] = Text(static (state, text, bound) => Strip(state, text, bound.Or(0, null), true, true), 0, "chars"),
        ["lstrip"] = Text(static (state, text, bound) => Strip(state, text, bound.Or(0, null), true, false), 0, "chars"),
        ["rstrip"] = Text(static (state, text, bound) => Strip(state, text, bound.Or(0, null), false, true), 0, "chars"),
        ["removeprefix"] = Text(static (state, text, bound) => bound.StrictText(state, 0) is { } prefix && text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : text, 1, "prefix"),
        ["removesuffix"] = Text(static (state, text, bound) => bound.StrictText(state, 0) is { } suffix && text.EndsWith(suffix, StringComparison.Ordinal) ? text[..^suffix.Length] : text, 1, "suffix"),
        ["replace"] = Text(static (state, text, bound) => ReplaceText(state, text, bound.StrictText(state, 0), bound.StrictText(state, 1), bound.Integer(state, 2, -1)), 2, "old", "new", "count"),
        ["center"] = Text(static (state, text, bound) => Justify(state, text, bound.Integer(state, 0, 0), bound.Text(state, 1, " "), 0), 1, "width", "fillchar"),
        ["ljust"] = Text(static (state, text, bound) => Justify(state, text, bound.Integer(state, 0, 0), bound.Text(state, 1, " "), -1), 1, "width", "fillchar"),
        ["rjust"] = Text(static (state, text, bound) => Justify(state, text, bound.Integer(state, 0, 0), bound.Text(state, 1, " "), 1), 1, "width", "fillchar"),
        ["zfill"] = Text(ZeroFill, 1, "width"),
        ["expandtabs"] = Text(ExpandTabs, 0, "tabsize"),
        ["join"] = new(Join, 1, ["iterable"]),
        ["format"] = new(static (state, value, bound) => Like(value, StringFormat.Apply(state, PythonType.TextOrNull(value)!, bound.All))),
        ["format_map"] = new(static (state, value, bound) => Like(value, StringFormat.ApplyMap(state, PythonType.TextOrNull(value)!, bound[0])), 1, ["mapping"]),
        ["split"] = Plain(static (state, text, bound) => StringSplitting.Split(state, text, bound.Or(0, null), bound.Integer(state, 1, -1), fromEnd: false), 0, "sep", "maxsplit"),
        ["rsplit"] = Plain(static (state, text, bound) => StringSplitting.Split(state, text, bound.Or(0, null), bound.Integer(state, 1, -1), fromEnd: true), 0, "sep", "maxsplit"),
        ["splitlines"] = Plain(static (state, text, bound) => new List<object?>(CodePoints.Lines(state, text, bound.Flag(state, 0))), 0, "keepends"),
        ["partition"] = Plain(static (state, text, bound) => StringSplitting.Partition(state, text, bound.StrictText(state, 0), last: false), 1, "sep"),
        ["rpartition"] = Plain(static (state, text, bound) => StringSplitting.Partition(state, text, bound.StrictText(state, 0), last: true), 1, "sep"),
        ["startswith"] = Plain(static (state, text, bound) => Affix(state, text, bound, "startswith", static (part, affix) => part.StartsWith(affix, StringComparison.Ordinal)), 1, "prefix", "start", "end"),
        ["endswith"] = Plain(static (state, text, bound) => Affix(state, text, bound, "endswith", static (part, affix) => part.EndsWith(affix, StringComparison.Ordinal)), 1, "suffix", "start", "end"),
        ["find"] = Plain(static (state, text, bound) => Find(state, text, bound, last: false), 1, "sub", "start", "end"),
        ["rfind"] = Plain(static (state, text, bound) => Find(state, text, bound, last: true), 1, "sub", "start", "end"),
        ["index"] = Plain(static (state, text, bound) => Found(state, Find(state, text, bound, last: false)), 1, "sub", "start", "end"),
        ["rindex"] = Plain(static (state, text, bound) => Found(state, Find(state, text, bound, last: true)), 1, "sub", "start", "end"),
        ["count"] = Plain(Count, 1, "sub", "start", "end"),
        ["isdigit"] = Plain(static (_, text, _) => All(text, static point => char.IsDigit(point, 0) || point[0] is '²' or '³' or '¹' or (>= '⁰' and <= '₉'))),
        ["isdecimal"] = Plain(static (_, text, _) => All(text, static point => char.IsDigit(point, 0))),
        ["isnumeric"] = Plain(static (_, text, _) => All(text, static point => char.IsNumber(point, 0))),
        ["isalpha"] = Plain(static (_, text, _) => All(text, static point => char.IsLetter(point, 0))),
        ["isalnum"] = Plain(static (_, text, _) => All(text, static point => char.IsLetterOrDigit(point, 0) || char.IsNumber(point, 0))),
        ["isspace"] = Plain(static (_, text, _) => All(text, static point => CodePoints.IsSpace(point[0]))),
        ["isascii"] = Plain(static (_, text, _) => Ascii.IsValid(text)),
        ["isidentifier"] = Plain(static (_, text, _) => text.Length > 0 && !char.IsDigit(text[0]) && All(text, static point => point == "_" || char.IsLetterOrDigit(point, 0))),
        ["isupper"] = Plain(static (_, text, _) => TextCase.Is(text, upper: true)),
        ["islower"] = Plain(static (_, text, _) => TextCase.Is(text, upper: false)),
        ["istitle"] = Plain(static (_, text, _) => text == TextCase.Title(text) && text.Any(char.IsLetter)),
        ["encode"] = Plain(static (state, _, _) => throw state.Error("SecurityError", "str.encode is refused: a prompt is text"), 0, "encoding", "errors"),
    };

    internal static string Strip(RenderState state, string text, object? chars, bool start, bool end)
    {
        if (chars is null)
        {
            return CodePoints.Trim(text, start, end);
        }

        if (PythonType.TextOrNull(chars) is not { } set)
        {
            throw chars is Undefined undefined ? state.Use(undefined) : state.TypeError("strip arg must be None or str");
        }

        if (!CodePoints.HasSurrogates(set))
        {
            char[] units = set.ToCharArray();
            return (start, end) switch
            {
                _ when units.Length == 0 => text,
                (true, true) => text.Trim(units),
                (true, false) => text.TrimStart(units),
                _ => text.TrimEnd(units),
            };
        }

        HashSet<string> points = [.. CodePoints.Split(set)];
        string[] all = [.. CodePoints.Split(text)];
        int from = 0;
        int to = all.Length;
        while (start && from < to && points.Contains(all[from]))
        {
            from++;
        }

        while (end && to > from && points.Contains(all[to - 1]))
        {
            to--;
        }

        return string.Concat(all[from..to]);
    }

    internal static string ReplaceText(RenderState state, string text, string old, string with, int count)
    {
        if (count == 0)
        {
            return text;
        }

        StringBuilder into = new();
        int at = 0;
        long made = 0;
        for (; count != 0; count--)
        {
            // An empty pattern matches before every code point and at the end.
            int found = old.Length > 0 ? text.IndexOf(old, at, StringComparison.Ordinal) : made == 0 ? 0 : at < text.Length ? CodePoints.Offset(text, at, 1) : -1;
            if (found < 0)
            {
                break;
            }

            made++;
            state.Charge(1 + (with.Length / RenderState.CharactersPerStep));
            state.RequireLength((long)into.Length + (found - at) + with.Length);
            into.Append(text, at, found - at).Append(with);
            at = found + old.Length;
        }

        state.ChargeText((long)into.Length + text.Length - at);
        return made == 0 ? text : into.Append(text, at, text.Length - at).ToString();
    }

    /// <summary>Pads to a width: −1 on the right, 1 on the left, 0 on both sides, where CPython puts the odd one left if the width is odd.</summary>
    internal static string Justify(RenderState state, string text, int width, string fill, int side)
    {
        if (CodePoints.Length(fill) != 1)
        {
            throw state.TypeError("The fill character must be exactly one character long");
        }

        int pad = Math.Max(0, width - CodePoints.Length(text));
        state.ChargeText(text.Length + ((long)pad * fill.Length));
        int left = side < 0 ? 0 : side > 0 ? pad : (pad / 2) + (pad & width & 1);
        return new StringBuilder().Insert(0, fill, left).Append(text).Insert(text.Length + (left * fill.Length), fill, pad - left).ToString();
    }

    static Operation Text(Func<RenderState, string, Bound, string> body, int required = 0, params string[] names) =>
        new((state, value, bound) => Like(value, body(state, Receiver(state, value), bound)), required, names);

    static Operation Plain(Func<RenderState, string, Bound, object?> body, int required = 0, params string[] names) =>
        new((state, value, bound) => body(state, Receiver(state, value), bound), required, names);

    static string Receiver(RenderState state, object? value)
    {
        string text = PythonType.TextOrNull(value)!;
        state.Charge(text.Length / RenderState.CharactersPerStep);
        return text;
    }

    static object Like(object? source, string text) => source is Markup ? new Markup(text) : text;

    static string ZeroFill(RenderState state, string text, Bound bound)
    {
        int sign = text.StartsWith('-') || text.StartsWith('+') ? 1 : 0;
        return text[..sign] + Justify(state, text[sign..], Math.Max(0, bound.Integer(state, 0, 0) - sign), "0", 1);
    }

    static string ExpandTabs(RenderState state, string text, Bound bound)
    {
        int size = Math.Max(0, bound.Integer(state, 0, 8));
        StringBuilder into = new(text.Length);
        int column = 0;
        foreach (string point in CodePoints.Split(text))
        {
            int spaces = point != "\t" ? 0 : size == 0 ? 0 : size - (column % size);
            state.Charge(spaces / RenderState.CharactersPerStep);
            state.RequireLength((long)into.Length + spaces + 2);
            _ = point == "\t" ? into.Append(' ', spaces) : into.Append(point);
            column = point is "\n" or "\r" ? 0 : column + (point == "\t" ? spaces : 1);
        }

        return into.ToString();
    }

    static object? Join(RenderState state, object? value, Bound bound)
    {
        string separator = Receiver(state, value);
        List<string> texts = [];
        long length = 0;
        foreach (object? item in Iteration.Of(state, bound[0], "can only join an iterable"))
        {
            string text = (value is Markup && item is string plain ? Markup.Escape(plain) : PythonType.TextOrNull(item))
                ?? throw state.TypeError($"sequence item {texts.Count}: expected str instance, {PythonType.Name(item)} found");
            texts.Add(text);
            length += text.Length + separator.Length;
            state.RequireLength(length - separator.Length);
        }

        state.ChargeText(Math.Max(0, length - separator.Length));
        return Like(value, string.Join(separator, texts));
    }

    static bool Affix(RenderState state, string text, Bound bound, string name, Func<string, string, bool> has)
    {
        (string part, _, bool valid) = Part(state, text, bound);
        object?[] candidates = bound[0] is PythonTuple tuple ? tuple.Items : [bound[0]];
        bool any = false;
        foreach (object? candidate in candidates)
        {
            string affix = PythonType.TextOrNull(candidate) ?? throw state.TypeError(bound[0] is PythonTuple
                ? $"tuple for {name} must only contain str, not {PythonType.Name(candidate)}"
                : $"{name} first arg must be str or a tuple of str, not {PythonType.Name(candidate)}");
            any |= valid && has(part, affix);
        }

        return any;
    }

    static object Find(RenderState state, string text, Bound bound, bool last)
    {
        (string part, int offset, bool valid) = Part(state, text, bound);
        string sought = bound.StrictText(state, 0);
        int at = !valid ? -1 : last ? part.LastIndexOf(sought, StringComparison.Ordinal) : part.IndexOf(sought, StringComparison.Ordinal);
        return at < 0 ? -1L : (long)offset + CodePoints.Before(part, at);
    }

    static object Found(RenderState state, object at) => at is -1L ? throw state.ValueError("substring not found") : at;

    static object? Count(RenderState state, string text, Bound bound)
    {
        (string part, _, bool valid) = Part(state, text, bound);
        string sought = bound.StrictText(state, 0);
        return !valid ? 0L : sought.Length == 0 ? CodePoints.Length(part) + 1L : part.AsSpan().Count(sought);
    }

    /// <summary>What the optional start and end leave of the text; not valid where the start lies beyond the end.</summary>
    static (string Part, int Offset, bool Valid) Part(RenderState state, string text, Bound bound)
    {
        if (!bound.Has(1))
        {
            return (text, 0, true);
        }

        int length = CodePoints.Length(text);
        long start = bound[1] is null ? 0 : bound.Integer(state, 1, 0);
        long end = bound[2] is null ? length : bound.Integer(state, 2, length);
        start = Math.Max(0, start < 0 ? start + length : start);
        end = Math.Clamp(end < 0 ? end + length : end, 0, length);
        return start > end ? ("", 0, false) : (CodePoints.Slice(text, (int)start, (int)end), (int)start, true);
    }

    static bool All(string text, Func<string, bool> holds) => text.Length > 0 && CodePoints.Split(text).All(holds);
}
