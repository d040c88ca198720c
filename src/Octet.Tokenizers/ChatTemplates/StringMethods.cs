using System.Globalization;
using System.Text;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>The methods of strings. Positions and lengths count code points.</summary>
static class StringMethods
{
    internal static Dictionary<string, Operation> Table { get; } = Build();

    /// <summary>The ideographs that Unicode's Unihan gives a number.</summary>
    static readonly HashSet<int> s_ideographs =
    [
        .. ("\u3405\u3483\u382a\u3b4d\u4e00\u4e03\u4e07\u4e09\u4e5d\u4e8c\u4e94\u4e96\u4ebf\u4ec0\u4edf\u4ee8\u4f0d\u4f70\u5104\u5146\u5169\u516b\u516d\u5341\u5343\u5344\u5345\u534c\u53c1\u53c2\u53c3\u53c4\u56db\u58f1\u58f9"
            + "\u5e7a\u5efe\u5eff\u5f0c\u5f0d\u5f0e\u5f10\u62fe\u634c\u67d2\u6f06\u7396\u767e\u8086\u842c\u8cae\u8cb3\u8d30\u9621\u9646\u964c\u9678\u96f6\uf96b\uf973\uf978\uf9b2\uf9d1\uf9d3\uf9fd\U00020001\U00020064\U000200e2\U00020121"
            + "\U0002092a\U00020983\U0002098c\U0002099c\U00020aea\U00020afd\U00020b19\U00022390\U00022998\U00023b1b\U0002626d\U0002f890").EnumerateRunes().Select(static point => point.Value),
    ];

    static Dictionary<string, Operation> Build() => new(StringComparer.Ordinal)
    {
        ["upper"] = Text(static (state, text, _) => TextCase.Upper(state, text)),
        ["lower"] = Text(static (state, text, _) => TextCase.Lower(state, text)),
        ["casefold"] = Text(static (state, text, _) => TextCase.Fold(state, text)),
        ["swapcase"] = Text(static (state, text, _) => TextCase.Swap(state, text)),
        ["title"] = Text(static (state, text, _) => TextCase.Title(state, text)),
        ["capitalize"] = Text(static (state, text, _) => TextCase.Capitalize(state, text)),
        ["strip"] = Text(static (state, text, bound) => Strip(state, text, bound.Or(0, null), true, true), 0, "chars"),
        ["lstrip"] = Text(static (state, text, bound) => Strip(state, text, bound.Or(0, null), true, false), 0, "chars"),
        ["rstrip"] = Text(static (state, text, bound) => Strip(state, text, bound.Or(0, null), false, true), 0, "chars"),
        ["removeprefix"] = Text(static (state, text, bound) => bound.StrictText(state, 0) is { } prefix && text.StartsWith(prefix, StringComparison.Ordinal) ? Part(state, text, text.AsSpan(prefix.Length)) : text, 1, "prefix"),
        ["removesuffix"] = Text(static (state, text, bound) => bound.StrictText(state, 0) is { } suffix && text.EndsWith(suffix, StringComparison.Ordinal) ? Part(state, text, text.AsSpan(0, text.Length - suffix.Length)) : text, 1, "suffix"),
        ["replace"] = new(static (state, value, bound) => Like(value, ReplaceText(state, Receiver(state, value), bound.StrictText(state, 0), Added(state, value, bound, 1), bound.Integer(state, 2, -1))), 2, ["old", "new", "count"]),
        ["center"] = new(static (state, value, bound) => Like(value, Justify(state, Receiver(state, value), bound.Integer(state, 0, 0), bound.Has(1) ? Added(state, value, bound, 1) : " ", 0)), 1, ["width", "fillchar"]),
        ["ljust"] = new(static (state, value, bound) => Like(value, Justify(state, Receiver(state, value), bound.Integer(state, 0, 0), bound.Has(1) ? Added(state, value, bound, 1) : " ", -1)), 1, ["width", "fillchar"]),
        ["rjust"] = new(static (state, value, bound) => Like(value, Justify(state, Receiver(state, value), bound.Integer(state, 0, 0), bound.Has(1) ? Added(state, value, bound, 1) : " ", 1)), 1, ["width", "fillchar"]),
        ["zfill"] = Text(ZeroFill, 1, "width"),
        ["expandtabs"] = Text(ExpandTabs, 0, "tabsize"),
        ["join"] = new(Join, 1, ["iterable"]),
        ["format"] = new(static (state, value, bound) => Like(value, StringFormat.Apply(state, value!, bound.All))),
        ["format_map"] = new(static (state, value, bound) => Like(value, StringFormat.ApplyMap(state, value!, bound[0])), 1, ["mapping"]),
        ["split"] = Parts(static (state, text, bound) => StringSplitting.Split(state, text, bound.Or(0, null), bound.Integer(state, 1, -1), fromEnd: false), 0, "sep", "maxsplit"),
        ["rsplit"] = Parts(static (state, text, bound) => StringSplitting.Split(state, text, bound.Or(0, null), bound.Integer(state, 1, -1), fromEnd: true), 0, "sep", "maxsplit"),
        ["splitlines"] = Parts(static (state, text, bound) => new List<object?>(CodePoints.Lines(state, text, bound.Flag(state, 0))), 0, "keepends"),
        ["partition"] = Parts(static (state, text, bound) => StringSplitting.Partition(state, text, bound.StrictText(state, 0), last: false), 1, "sep"),
        ["rpartition"] = Parts(static (state, text, bound) => StringSplitting.Partition(state, text, bound.StrictText(state, 0), last: true), 1, "sep"),
        ["startswith"] = new(static (state, value, bound) => Affix(state, value, bound, "startswith", end: false), 1, ["prefix", "start", "end"]),
        ["endswith"] = new(static (state, value, bound) => Affix(state, value, bound, "endswith", end: true), 1, ["suffix", "start", "end"]),
        ["find"] = Plain(static (state, text, bound) => Find(state, text, bound, last: false), 1, "sub", "start", "end"),
        ["rfind"] = Plain(static (state, text, bound) => Find(state, text, bound, last: true), 1, "sub", "start", "end"),
        ["index"] = Plain(static (state, text, bound) => Found(state, Find(state, text, bound, last: false)), 1, "sub", "start", "end"),
        ["rindex"] = Plain(static (state, text, bound) => Found(state, Find(state, text, bound, last: true)), 1, "sub", "start", "end"),
        ["count"] = Plain(Count, 1, "sub", "start", "end"),
        ["isdigit"] = Plain(static (_, text, _) => CodePoints.All(text, IsDigit)),
        ["isdecimal"] = Plain(static (_, text, _) => CodePoints.All(text, Rune.IsDigit)),
        ["isnumeric"] = Plain(static (_, text, _) => CodePoints.All(text, static point => Rune.IsNumber(point) || s_ideographs.Contains(point.Value))),
        ["isalpha"] = Plain(static (_, text, _) => CodePoints.All(text, Rune.IsLetter)),
        ["isalnum"] = Plain(static (_, text, _) => CodePoints.All(text, static point => Rune.IsLetterOrDigit(point) || Rune.IsNumber(point))),
        ["isspace"] = Plain(static (_, text, _) => CodePoints.All(text, static point => point.IsBmp && CodePoints.IsSpace((char)point.Value))),
        ["isprintable"] = Plain(static (_, text, _) => text.Length == 0 || CodePoints.All(text, PythonText.IsPrintable)),
        ["isascii"] = Plain(static (_, text, _) => Ascii.IsValid(text)),
        ["isidentifier"] = Plain(static (_, text, _) => text.Length > 0 && BeginsName(CodePoints.RuneAt(text, 0, out _)) && CodePoints.All(text, ContinuesName)),
        ["isupper"] = Plain(static (state, text, _) => TextCase.Is(state, text, upper: true)),
        ["islower"] = Plain(static (state, text, _) => TextCase.Is(state, text, upper: false)),
        ["istitle"] = Plain(static (state, text, _) => TextCase.IsTitle(state, text)),
        ["maketrans"] = Plain(StringTranslation.MakeTable, 1, "x", "y", "z"),
        ["translate"] = Text(StringTranslation.Translate, 1, "table"),
        ["encode"] = Plain(static (state, _, _) => throw state.Error("SecurityError", "str.encode is refused: a prompt is text"), 0, "encoding", "errors"),
    };

    internal static string Strip(RenderState state, string text, object? chars, bool start, bool end)
    {
        if (chars is null)
        {
            ReadOnlySpan<char> trimmed = CodePoints.Trim(text.AsSpan(), start, end);
            state.ChargeCharacters(text.Length - trimmed.Length);
            return Part(state, text, trimmed);
        }

        if (PythonType.TextOrNull(chars) is not { } set)
        {
            throw chars is Undefined undefined ? state.Use(undefined) : state.TypeError("strip arg must be None or str");
        }

        if (set.Length == 0)
        {
            return text;
        }

        state.ChargeCharacters((4L * set.Length) + text.Length);
        HashSet<int> points = [];
        for (int at = 0; at < set.Length;)
        {
            points.Add(PointAt(set, at, out int width));
            at += width;
        }

        int from = 0;
        int to = text.Length;
        while (start && from < to && points.Contains(PointAt(text, from, out int width)))
        {
            from += width;
        }

        while (end && to > from)
        {
            int last = to - (to - from >= 2 && char.IsSurrogatePair(text[to - 2], text[to - 1]) ? 2 : 1);
            if (!points.Contains(PointAt(text, last, out _)))
            {
                break;
            }

            to = last;
        }

        return Part(state, text, text.AsSpan(from, to - from));
    }

    /// <summary>A part of a text as a string of its own, which is paid for where it is one.</summary>
    static string Part(RenderState state, string text, ReadOnlySpan<char> part)
    {
        if (part.Length == text.Length)
        {
            return text;
        }

        state.ChargeText(part.Length);
        return part.ToString();
    }

    static int PointAt(string text, int at, out int width)
    {
        bool pair = at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]);
        width = pair ? 2 : 1;
        return pair ? char.ConvertToUtf32(text[at], text[at + 1]) : text[at];
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
        TextSearch search = old.Length > 0 ? new TextSearch(state, old) : default;
        for (; count != 0; count--)
        {
            // An empty pattern matches before every code point and at the end.
            int found = old.Length > 0 ? search.Find(state, text.AsSpan(at)) : made == 0 ? 0 : at < text.Length ? CodePoints.Offset(text, at, 1) - at : -1;
            if (found < 0)
            {
                break;
            }

            made++;
            state.ChargeText(with.Length);
            state.RequireLength((long)into.Length + found + with.Length);
            into.Append(text, at, found).Append(with);
            at += found + old.Length;
        }

        if (made == 0)
        {
            return text;
        }

        state.ChargeText((long)into.Length + text.Length - at);
        return into.Append(text, at, text.Length - at).ToString();
    }

    /// <summary>Pads to a width: −1 on the right, 1 on the left, 0 on both sides, where CPython puts the odd one left if the width is odd.</summary>
    internal static string Justify(RenderState state, string text, int width, string fill, int side)
    {
        if (CodePoints.Length(fill) != 1)
        {
            throw state.TypeError("The fill character must be exactly one character long");
        }

        state.ChargeScan(text.Length);
        int pad = (int)Math.Max(0, (long)width - CodePoints.Length(text));
        state.ChargeText(text.Length + ((long)pad * fill.Length));
        int left = side < 0 ? 0 : side > 0 ? pad : (pad / 2) + (pad & width & 1);
        return new StringBuilder().Insert(0, fill, left).Append(text).Insert(text.Length + (left * fill.Length), fill, pad - left).ToString();
    }

    /// <summary>Unicode's Numeric_Type Decimal or Digit: digits, also those that are raised, lowered or enclosed.</summary>
    static bool IsDigit(Rune point) => Rune.IsDigit(point) || point.Value is 0xB2 or 0xB3 or 0xB9 or (>= 0x1369 and <= 0x1371) or 0x19DA or 0x2070 or (>= 0x2074 and <= 0x2079) or (>= 0x2080 and <= 0x2089)
        or (>= 0x2460 and <= 0x2468) or (>= 0x2474 and <= 0x247C) or (>= 0x2488 and <= 0x2490) or 0x24EA or (>= 0x24F5 and <= 0x24FD) or 0x24FF or (>= 0x2776 and <= 0x277E) or (>= 0x2780 and <= 0x2788)
        or (>= 0x278A and <= 0x2792) or (>= 0x10A40 and <= 0x10A43) or (>= 0x10E60 and <= 0x10E68) or (>= 0x11052 and <= 0x1105A) or (>= 0x1F100 and <= 0x1F10A);

    /// <summary>Unicode's XID_Start: by category, but for a few that compatibility decomposes into what is none.</summary>
    static bool BeginsName(Rune point) => point.Value is '_' or 0x1885 or 0x1886 or 0x2118 or 0x212E
        || (IsNameLetter(point) && point.Value is not (0xE33 or 0xEB3 or 0xFF9E or 0xFF9F));

    /// <summary>Unicode's XID_Continue.</summary>
    static bool ContinuesName(Rune point) => point.Value is '_' or 0xB7 or 0x387 or (>= 0x1369 and <= 0x1371) or 0x19DA or 0x2118 or 0x212E || IsNameLetter(point) || Rune.GetUnicodeCategory(point)
        is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.ConnectorPunctuation;

    static bool IsNameLetter(Rune point) => (Rune.IsLetter(point) || Rune.GetUnicodeCategory(point) == UnicodeCategory.LetterNumber)
        && point.Value is not (0x37A or 0x2E2F or (>= 0xFC5E and <= 0xFC63) or 0xFDFA or 0xFDFB or 0xFE70 or 0xFE72 or 0xFE74 or 0xFE76 or 0xFE78 or 0xFE7A or 0xFE7C or 0xFE7E);

    static Operation Text(Func<RenderState, string, Bound, string> body, int required = 0, params string[] names) =>
        new((state, value, bound) => Like(value, body(state, Receiver(state, value), bound)), required, names);

    static Operation Plain(Func<RenderState, string, Bound, object?> body, int required = 0, params string[] names) =>
        new((state, value, bound) => body(state, Receiver(state, value), bound), required, names);

    /// <summary>A method that takes a text apart: the parts of what is marked as escaped are so too.</summary>
    static Operation Parts(Func<RenderState, string, Bound, object?> body, int required = 0, params string[] names) => new((state, value, bound) =>
    {
        object? parts = body(state, Receiver(state, value), bound);
        if (value is Markup)
        {
            IList<object?> items = parts as List<object?> ?? (IList<object?>)((PythonTuple)parts!).Items;
            state.ChargeElements(items.Count);
            for (int index = 0; index < items.Count; index++)
            {
                items[index] = new Markup((string)items[index]!);
            }
        }

        return parts;
    }, required, names);

    /// <summary>A text that is put into the receiver, where that is marked as escaped: escaped too.</summary>
    static string Added(RenderState state, object? receiver, Bound bound, int index)
    {
        string text = bound.StrictText(state, index);
        return receiver is Markup && bound[index] is not Markup ? Markup.Escape(state, text) : text;
    }

    static string Receiver(RenderState state, object? value)
    {
        string text = PythonType.TextOrNull(value)!;
        state.ChargeCharacters(text.Length);
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
        foreach (char c in text)
        {
            if (c == '\t')
            {
                int spaces = size == 0 ? 0 : size - (column % size);
                state.ChargeText(spaces);
                state.RequireLength((long)into.Length + spaces);
                into.Append(' ', spaces);
                column += spaces;
                continue;
            }

            into.Append(c);
            column = c is '\n' or '\r' ? 0 : column + (char.IsLowSurrogate(c) ? 0 : 1);
        }

        state.ChargeText(into.Length);
        return into.ToString();
    }

    static object? Join(RenderState state, object? value, Bound bound)
    {
        string separator = Receiver(state, value);
        List<string> texts = [];
        long length = 0;
        foreach (object? item in Iteration.Of(state, bound[0], "can only join an iterable"))
        {
            string text = (value is Markup && item is not Markup ? Markup.Escape(state, PythonText.Str(state, item)) : PythonType.TextOrNull(item))
                ?? throw state.TypeError($"sequence item {texts.Count}: expected str instance, {PythonType.Name(item)} found");
            state.Allocate(Iteration.BytesPerElement);
            texts.Add(text);
            length += text.Length + separator.Length;
            state.RequireLength(length - separator.Length);
        }

        state.ChargeText(Math.Max(0, length - separator.Length));
        return Like(value, string.Join(separator, texts));
    }

    static bool Affix(RenderState state, object? value, Bound bound, string name, bool end)
    {
        ReadOnlySpan<char> part = Part(state, PythonType.Characters(value), bound, out _, out bool valid);
        object?[] candidates = bound[0] is PythonTuple tuple ? tuple.Items : [bound[0]];
        bool any = false;
        foreach (object? candidate in candidates)
        {
            string affix = PythonType.TextOrNull(candidate) ?? throw state.TypeError(bound[0] is PythonTuple
                ? $"tuple for {name} must only contain str, not {PythonType.Name(candidate)}"
                : $"{name} first arg must be str or a tuple of str, not {PythonType.Name(candidate)}");
            state.Charge();
            state.ChargeScan(affix.Length);
            any |= valid && (end ? part.EndsWith(affix) : part.StartsWith(affix));
        }

        return any;
    }

    static object Find(RenderState state, string text, Bound bound, bool last)
    {
        ReadOnlySpan<char> part = Part(state, text, bound, out int offset, out bool valid);
        string sought = bound.StrictText(state, 0);
        int at = !valid ? -1 : sought.Length == 0 ? (last ? part.Length : 0) : new TextSearch(state, sought, backward: last).Find(state, part);
        return at < 0 ? -1L : (long)offset + CodePoints.Before(part, at);
    }

    static object Found(RenderState state, object at) => at is -1L ? throw state.ValueError("substring not found") : at;

    static object? Count(RenderState state, string text, Bound bound)
    {
        ReadOnlySpan<char> part = Part(state, text, bound, out _, out bool valid);
        string sought = bound.StrictText(state, 0);
        return !valid ? 0L : sought.Length == 0 ? CodePoints.Length(part) + 1L : TextSearch.Count(state, part, sought);
    }

    /// <summary>What the optional start and end leave of the text; not valid where the start lies beyond the end.</summary>
    static ReadOnlySpan<char> Part(RenderState state, ReadOnlySpan<char> text, Bound bound, out int offset, out bool valid)
    {
        offset = 0;
        valid = true;
        if (!bound.Has(1) && !bound.Has(2))
        {
            return text;
        }

        state.ChargeScan(text.Length);
        int length = CodePoints.Length(text);
        long start = bound[1] is null ? 0 : bound.Integer(state, 1, 0);
        long end = bound[2] is null ? length : bound.Integer(state, 2, length);
        start = Math.Max(0, start < 0 ? start + length : start);
        end = Math.Clamp(end < 0 ? end + length : end, 0, length);
        valid = start <= end;
        offset = (int)start;
        return valid ? CodePoints.Slice(text, (int)start, (int)end) : default;
    }
}
