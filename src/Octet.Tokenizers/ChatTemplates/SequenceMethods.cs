namespace Octet.Tokenizers.ChatTemplates;

/// <summary>The methods of dictionaries and lists that change nothing; the immutable sandbox of transformers refuses the others.</summary>
static class SequenceMethods
{
    internal static Dictionary<string, Operation> Dictionary { get; } = new(StringComparer.Ordinal)
    {
        ["get"] = new(static (state, value, bound) => ((PythonDictionary)value!).TryGet(state, bound[0], out object? found) ? found : bound.Or(1, null), 1, ["key", "default"]),
        ["items"] = new(static (_, value, _) => DictionaryView.Pairs((PythonDictionary)value!), 0, []),
        ["keys"] = new(static (_, value, _) => DictionaryView.Keys((PythonDictionary)value!), 0, []),
        ["values"] = new(static (_, value, _) => DictionaryView.Values((PythonDictionary)value!), 0, []),
        ["copy"] = new(static (_, value, _) => value, 0, []),
    };

    internal static Dictionary<string, Operation> List { get; } = new(StringComparer.Ordinal)
    {
        ["count"] = new(static (state, value, bound) => Iteration.Of(state, value).LongCount(item => Comparison.Equal(state, item, bound[0])), 1, ["value"]),
        ["index"] = new(static (state, value, bound) => Index(state, value, bound), 1, ["value", "start", "stop"]),
        ["copy"] = new(static (state, value, _) => value is PythonTuple ? throw state.Error("AttributeError", "'tuple' object has no attribute 'copy'") : Iteration.ToList(state, value), 0, []),
    };

    static long Index(RenderState state, object? value, Bound bound)
    {
        List<object?> items = Iteration.ToList(state, value);
        long start = bound.Integer(state, 1, 0);
        long stop = bound.Integer(state, 2, items.Count);
        start = Math.Max(0, start < 0 ? start + items.Count : start);
        stop = Math.Min(items.Count, stop < 0 ? stop + items.Count : stop);
        for (long at = start; at < stop; at++)
        {
            if (Comparison.Equal(state, items[(int)at], bound[0]))
            {
                return at;
            }
        }

        throw state.ValueError($"{PythonText.Repr(state, bound[0])} is not in {PythonType.Name(value)}");
    }
}
