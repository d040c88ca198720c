namespace Octet.Tokenizers.ChatTemplates;

/// <summary>A string that <c>escape</c> or <c>safe</c> marked: adding to it escapes what is added.</summary>
sealed record Markup(string Text)
{
    internal static string Escape(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal)
        .Replace(">", "&gt;", StringComparison.Ordinal)
        .Replace("'", "&#39;", StringComparison.Ordinal)
        .Replace("\"", "&#34;", StringComparison.Ordinal);
}

/// <summary>A tuple; <paramref name="names"/> are those of a named tuple (<c>groupby</c>).</summary>
sealed class PythonTuple(object?[] items, params string[] names)
{
    internal object?[] Items { get; } = items;

    internal string[] Names { get; } = names;
}

/// <summary><c>range(start, stop, step)</c>.</summary>
sealed class PythonRange(long start, long step, int count, long stop)
{
    internal int Count { get; } = count;

    internal long this[int index] => start + (index * step);

    internal PythonRange Slice(int from, int every, int length) => new(start + (from * step), step * every, length, start + ((from + (length * every)) * step));

    public override string ToString() => step == 1 ? $"range({start}, {stop})" : $"range({start}, {stop}, {step})";
}

/// <summary>A generator: it is read once.</summary>
sealed class PythonIterator(IEnumerable<object?> source)
{
    readonly IEnumerator<object?> _source = source.GetEnumerator();

    internal IEnumerable<object?> Rest()
    {
        while (_source.MoveNext())
        {
            yield return _source.Current;
        }
    }
}

/// <summary>What <c>dict.keys()</c>, <c>values()</c> and <c>items()</c> return.</summary>
sealed class DictionaryView(PythonDictionary dictionary, string typeName, Func<KeyValuePair<object?, object?>, object?> select)
{
    internal PythonDictionary Dictionary { get; } = dictionary;

    internal string TypeName { get; } = typeName;

    internal IEnumerable<object?> Items => Dictionary.Select(select);

    internal static DictionaryView Keys(PythonDictionary of) => new(of, "dict_keys", static pair => pair.Key);

    internal static DictionaryView Values(PythonDictionary of) => new(of, "dict_values", static pair => pair.Value);

    internal static DictionaryView Pairs(PythonDictionary of) => new(of, "dict_items", static pair => new PythonTuple([pair.Key, pair.Value]));
}

/// <summary>What <c>namespace()</c> makes: the one object whose attributes a template may set.</summary>
sealed class Namespace
{
    internal Dictionary<string, object?> Attributes { get; } = new(StringComparer.Ordinal);
}
