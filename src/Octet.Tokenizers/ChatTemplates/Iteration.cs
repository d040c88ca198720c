namespace Octet.Tokenizers.ChatTemplates;

/// <summary>Python's <c>iter()</c>, <c>list()</c> and <c>len()</c>.</summary>
static class Iteration
{
    /// <summary>The elements of a value, each of which costs a step.</summary>
    internal static IEnumerable<object?> Of(RenderState state, object? value, string error = "'{0}' object is not iterable")
    {
        IEnumerable<object?> items = OrNull(value) ?? throw state.TypeError(error.Replace("{0}", PythonType.Name(value), StringComparison.Ordinal));
        return Charged(state, items);
    }

    internal static List<object?> ToList(RenderState state, object? value) => [.. Of(state, value)];

    internal static bool Can(object? value) => OrNull(value) is not null;

    internal static int? LengthOrNull(object? value) => value switch
    {
        string or Markup => CodePoints.Length(PythonType.TextOrNull(value)!),
        List<object?> list => list.Count,
        PythonTuple tuple => tuple.Items.Length,
        PythonDictionary dictionary => dictionary.Count,
        PythonRange range => range.Count,
        DictionaryView view => view.Dictionary.Count,
        Undefined => 0,
        _ => null,
    };

    internal static int Length(RenderState state, object? value)
    {
        state.Charge();
        return value is LoopContext loop
            ? loop.Length(state)
            : LengthOrNull(value) ?? throw state.TypeError($"object of type '{PythonType.Name(value)}' has no len()");
    }

    /// <summary>The last element first; only what has an order can be reversed.</summary>
    internal static IEnumerable<object?> Reversed(RenderState state, object? value)
    {
        if (value is PythonIterator or LoopContext || !Can(value))
        {
            throw state.TypeError($"'{PythonType.Name(value)}' object is not reversible");
        }

        List<object?> items = ToList(state, value);
        items.Reverse();
        return items;
    }

    static IEnumerable<object?>? OrNull(object? value) => value switch
    {
        string or Markup => CodePoints.Split(PythonType.TextOrNull(value)!),
        List<object?> list => list,
        PythonTuple tuple => tuple.Items,
        PythonDictionary dictionary => dictionary.Select(static pair => pair.Key),
        PythonRange range => Enumerable.Range(0, range.Count).Select(index => (object?)range[index]),
        DictionaryView view => view.Items,
        PythonIterator iterator => iterator.Rest(),
        Undefined { Kind: "UndefinedError" } => [],
        LoopContext loop => loop.Rest(),
        _ => null,
    };

    static IEnumerable<object?> Charged(RenderState state, IEnumerable<object?> items)
    {
        foreach (object? item in items)
        {
            state.Charge();
            yield return item;
        }
    }
}
