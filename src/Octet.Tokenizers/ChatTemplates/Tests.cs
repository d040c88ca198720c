namespace Octet.Tokenizers.ChatTemplates;

/// <summary>The table of tests, <c>value is name</c>.</summary>
static class Tests
{
    static readonly Dictionary<string, Operation> s_table = Build();

    internal static IReadOnlyCollection<string> Names => s_table.Keys;

    internal static bool Exists(string name) => s_table.ContainsKey(name);

    internal static bool Holds(RenderState state, string name, object? value, Arguments arguments)
    {
        if (!s_table.TryGetValue(name, out Operation? test))
        {
            throw state.Error("TemplateRuntimeError", $"No test named {PythonText.Quote(name)} found.");
        }

        return PythonType.Truth(state, test.Invoke(state, name, value, arguments));
    }

    static Dictionary<string, Operation> Build()
    {
        Dictionary<string, Operation> table = new(StringComparer.Ordinal)
        {
            ["boolean"] = Of(static value => value is bool),
            ["callable"] = Of(static value => value is Callable or Undefined),
            ["defined"] = Of(static value => value is not Undefined),
            ["undefined"] = Of(static value => value is Undefined),
            ["escaped"] = Of(static value => value is Markup),
            ["false"] = Of(static value => value is false),
            ["true"] = Of(static value => value is true),
            ["float"] = Of(static value => value is double),
            ["integer"] = Of(static value => PythonType.IsInteger(value) && value is not bool),
            ["number"] = Of(PythonType.IsNumber),
            ["iterable"] = Of(Iteration.Can),
            ["mapping"] = Of(static value => value is PythonDictionary),
            ["none"] = Of(static value => value is null),
            ["sequence"] = Of(static value => value is not (DictionaryView or Cycler) && Iteration.HasLength(value)),
            ["string"] = Of(PythonType.IsText),
            ["filter"] = new(static (state, value, _) => Exists(state, value, Filters.Exists), 0, []),
            ["test"] = new(static (state, value, _) => Exists(state, value, Exists), 0, []),
            ["lower"] = new(static (state, value, _) => TextCase.Is(state, PythonText.Str(state, value), upper: false), 0, []),
            ["upper"] = new(static (state, value, _) => TextCase.Is(state, PythonText.Str(state, value), upper: true), 0, []),
            ["divisibleby"] = new(static (state, value, bound) => Rest(state, value, bound[0], 0), 1, ["num"]),
            ["even"] = new(static (state, value, _) => Rest(state, value, 2L, 0), 0, []),
            ["odd"] = new(static (state, value, _) => Rest(state, value, 2L, 1), 0, []),
            ["sameas"] = new(static (state, value, bound) => Comparison.Same(state, value, bound[0]), 1, ["other"]),
        };
        Compare(table, "==", "eq", "equalto");
        Compare(table, "!=", "ne");
        Compare(table, "<", "lt", "lessthan");
        Compare(table, "<=", "le");
        Compare(table, ">", "gt", "greaterthan");
        Compare(table, ">=", "ge");
        Compare(table, "in");
        return table;
    }

    static Operation Of(Func<object?, bool> holds) => new((_, value, _) => holds(value), 0, []);

    static void Compare(Dictionary<string, Operation> table, string symbol, params string[] names)
    {
        Operation compare = new((state, value, bound) => Comparisons.Holds(state, symbol, value, bound[0]), 1, ["other"]);
        table[symbol] = compare;
        foreach (string name in names)
        {
            table[name] = compare;
        }
    }

    static bool Exists(RenderState state, object? value, Func<string, bool> exists)
    {
        state.ChargeCharacters(PythonType.TextLength(value));
        return PythonType.TextOrNull(value) is { } name && exists(name);
    }

    static bool Rest(RenderState state, object? value, object? by, long rest) =>
        Comparison.Equal(state, Arithmetic.Apply(state, "%", value, by), rest);
}
