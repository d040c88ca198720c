namespace Octet.Tokenizers.ChatTemplates;

/// <summary>The table of filters.</summary>
static class Filters
{
    static readonly Dictionary<string, Operation> s_table = Build();

    internal static IReadOnlyCollection<string> Names => s_table.Keys;

    internal static bool Exists(string name) => s_table.ContainsKey(name);

    internal static object? Apply(RenderState state, string name, object? value, Arguments arguments)
    {
        if (!s_table.TryGetValue(name, out Operation? filter))
        {
            throw state.Error("TemplateRuntimeError", $"No filter named {PythonText.Quote(name)} found.");
        }

        return filter.Invoke(state, name, value, arguments);
    }

    static Dictionary<string, Operation> Build()
    {
        Dictionary<string, Operation> table = new(StringComparer.Ordinal)
        {
            ["abs"] = new(NumberFilters.Absolute, 0, []),
            ["float"] = new(NumberFilters.Float, 0, ["default"]),
            ["int"] = new(NumberFilters.Integer, 0, ["default", "base"]),
            ["round"] = new(NumberFilters.Round, 0, ["precision", "method"]),
            ["sum"] = new(NumberFilters.Sum, 0, ["attribute", "start"]),
            ["filesizeformat"] = new(NumberFilters.FileSize, 0, ["binary"]),

            ["capitalize"] = new(TextFilters.Capitalize, 0, []),
            ["center"] = new(TextFilters.Center, 0, ["width"]),
            ["format"] = new(TextFilters.Format),
            ["indent"] = new(TextFilters.Indent, 0, ["width", "first", "blank"]),
            ["lower"] = new(TextFilters.Lower, 0, []),
            ["pprint"] = new(TextFilters.PrettyPrint, 0, []),
            ["replace"] = new(TextFilters.Replace, 2, ["old", "new", "count"]),
            ["string"] = new(TextFilters.Text, 0, []),
            ["title"] = new(TextFilters.Title, 0, []),
            ["tojson"] = new(TextFilters.ToJson, 0, ["ensure_ascii", "indent", "separators", "sort_keys"]),
            ["trim"] = new(TextFilters.Trim, 0, ["chars"]),
            ["truncate"] = new(TextFilters.Truncate, 0, ["length", "killwords", "end", "leeway"]),
            ["upper"] = new(TextFilters.Upper, 0, []),
            ["wordcount"] = new(TextFilters.WordCount, 0, []),
            ["wordwrap"] = new(WordWrap.Filter, 0, ["width", "break_long_words", "wrapstring", "break_on_hyphens"]),

            ["escape"] = new(MarkupFilters.Escape, 0, []),
            ["forceescape"] = new(MarkupFilters.ForceEscape, 0, []),
            ["safe"] = new(MarkupFilters.Safe, 0, []),
            ["striptags"] = new(MarkupFilters.StripTags, 0, []),
            ["urlencode"] = new(MarkupFilters.UrlEncode, 0, []),
            ["xmlattr"] = new(MarkupFilters.XmlAttributes, 0, ["autospace"]),

            ["attr"] = new(SequenceFilters.GetAttribute, 1, ["name"]),
            ["batch"] = new(SequenceFilters.Batch, 1, ["linecount", "fill_with"]),
            ["default"] = new(SequenceFilters.Default, 0, ["default_value", "boolean"]),
            ["first"] = new(SequenceFilters.First, 0, []),
            ["items"] = new(SequenceFilters.Pairs, 0, []),
            ["join"] = new(SequenceFilters.Join, 0, ["d", "attribute"]),
            ["last"] = new(SequenceFilters.Last, 0, []),
            ["length"] = new(static (state, value, _) => (long)Iteration.Length(state, value), 0, []),
            ["list"] = new(static (state, value, _) => Iteration.ToList(state, value), 0, []),
            ["random"] = new(static (state, _, _) => throw state.Error("TemplateRuntimeError", "the filter 'random' is refused: a prompt is a function of its messages"), 0, []),
            ["reverse"] = new(SequenceFilters.Reverse, 0, []),
            ["slice"] = new(SequenceFilters.Slices, 1, ["slices", "fill_with"]),

            ["map"] = new(SelectionFilters.Map),
            ["reject"] = new(static (state, value, bound) => SelectionFilters.Select(state, value, bound, keep: false)),
            ["rejectattr"] = new(static (state, value, bound) => SelectionFilters.SelectAttribute(state, value, bound, keep: false)),
            ["select"] = new(static (state, value, bound) => SelectionFilters.Select(state, value, bound, keep: true)),
            ["selectattr"] = new(static (state, value, bound) => SelectionFilters.SelectAttribute(state, value, bound, keep: true)),

            ["dictsort"] = new(OrderFilters.DictionarySort, 0, ["case_sensitive", "by", "reverse"]),
            ["groupby"] = new(OrderFilters.GroupBy, 1, ["attribute", "default", "case_sensitive"]),
            ["max"] = new(static (state, value, bound) => OrderFilters.Extreme(state, value, bound, 1), 0, ["case_sensitive", "attribute"]),
            ["min"] = new(static (state, value, bound) => OrderFilters.Extreme(state, value, bound, -1), 0, ["case_sensitive", "attribute"]),
            ["sort"] = new(OrderFilters.Sort, 0, ["reverse", "case_sensitive", "attribute"]),
            ["unique"] = new(OrderFilters.Unique, 0, ["case_sensitive", "attribute"]),
        };
        table["d"] = table["default"];
        table["e"] = table["escape"];
        table["count"] = table["length"];
        return table;
    }
}
