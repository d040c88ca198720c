namespace Octet.Tokenizers.ChatTemplates;

/// <summary>Python's <c>iter()</c>, <c>list()</c> and <c>len()</c>.</summary>
static class Iteration
{
    /// <summary>An element of a list that was made for it: the place in a list that doubles, and a small object.</summary>
    internal const int BytesPerElement = 48;

    /// <summary>The bytes of an element that is a string made for it.</summary>
    internal static long BytesOf(int characters) => BytesPerElement + (2L * characters);

    /// <summary>The elements of a value, each of which costs a step.</summary>
    internal static IEnumerable<object?> Of(RenderState state, object? value, string error = "'{0}' object is not iterable")
    {
        return value switch
        {
            List<object?> list => Charged(state, list),
            PythonRange range => Charged(state, range),
            _ => Charged(state, OrNull(value) ?? throw state.TypeError(error.Replace("{0}", PythonType.Name(value), StringComparison.Ordinal))),
        };
    }

    internal static List<object?> ToList(RenderState state, object? value)
    {
        if (value is List<object?> or PythonTuple)
        {
            IReadOnlyList<object?> known = value as List<object?> ?? (IReadOnlyList<object?>)((PythonTuple)value).Items;
            state.ChargeElements(known.Count);
            return [.. known];
        }

        List<object?> items = [];
        foreach (object? item in Of(state, value))
        {
            state.Allocate(BytesPerElement);
            items.Add(item);
        }

        return items;
    }

    internal static bool Can(object? value) => OrNull(value) is not null;

    /// <summary>Whether <see cref="LengthOrNull"/> is not null, without counting.</summary>
    internal static bool HasLength(object? value) => PythonType.IsText(value) || LengthOrNull(value) is not null;

    internal static int? LengthOrNull(object? value) => value switch
    {
        string or Rope or Markup => CodePoints.Length(PythonType.Characters(value)),
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
        state.ChargeScan(PythonType.TextLength(value));
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
        string or Rope or Markup => CodePoints.Split(PythonType.TextOrNull(value)!),
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

    static IEnumerable<object?> Charged(RenderState state, List<object?> list)
    {
        for (int index = 0; index < list.Count; index++)
        {
            state.Charge();
            yield return list[index];
        }
    }

    static IEnumerable<object?> Charged(RenderState state, PythonRange range)
    {
        for (int index = 0; index < range.Count; index++)
        {
            state.Charge();
            yield return range[index];
        }
    }

    static IEnumerable<object?> Charged(RenderState state, IEnumerable<object?> items)
    {
        foreach (object? item in items)
        {
            state.Charge();
            yield return item;
        }
    }
}
