using System.Buffers;
using System.Globalization;
using System.Text;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>A string that <c>escape</c> or <c>safe</c> marked: adding to it escapes what is added.</summary>
sealed record Markup(string Text)
{
    static readonly SearchValues<char> s_escaped = SearchValues.Create("&<>'\"");

    internal static string Escape(RenderState state, string text)
    {
        state.ChargeCharacters(text.Length);
        int at = text.AsSpan().IndexOfAny(s_escaped);
        if (at < 0)
        {
            return text;
        }

        StringBuilder into = new(text.Length + 64);
        int from = 0;
        for (; at >= 0; at = NextAfter(from))
        {
            into.Append(text, from, at - from).Append(text[at] switch
            {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '\'' => "&#39;",
                _ => "&#34;",
            });
            from = at + 1;
        }

        into.Append(text, from, text.Length - from);
        state.ChargeText(into.Length);
        return into.ToString();

        int NextAfter(int start)
        {
            int next = text.AsSpan(start).IndexOfAny(s_escaped);
            return next < 0 ? -1 : start + next;
        }
    }
}

/// <summary>A tuple; <paramref name="names"/> are those of a named tuple (<c>groupby</c>).</summary>
sealed class PythonTuple(object?[] items, params string[] names)
{
    internal object?[] Items { get; } = items;

    internal string[] Names { get; } = names;
}

/// <summary><c>range(start, stop, step)</c>.</summary>
/// <remarks>The elements are of 64 bits; a step and a stop may be beyond.</remarks>
sealed class PythonRange(Int128 start, Int128 step, int count, Int128 stop)
{
    readonly long _start = unchecked((long)start);
    readonly long _step = unchecked((long)step);

    internal int Count { get; } = count;

    /// <summary>An element, which is of 64 bits, whatever wraps around on the way to it.</summary>
    internal long this[int index] => unchecked(_start + (index * _step));

    internal PythonRange Slice(int from, int to, int every, int length) => new(start + (from * step), step * every, length, start + (to * step));

    public override string ToString() => step == 1
        ? string.Create(CultureInfo.InvariantCulture, $"range({start}, {stop})")
        : string.Create(CultureInfo.InvariantCulture, $"range({start}, {stop}, {step})");
}

/// <summary>A generator: it is read once. One that reads another, or whose elements do, goes a level deeper when it is read.</summary>
sealed class PythonIterator
{
    /// <summary>A chain of .NET's iterators, with what their functions have captured.</summary>
    const int Bytes = 400;

    readonly RenderState _state;
    readonly IEnumerator<object?> _source;

    internal PythonIterator(RenderState state, IEnumerable<object?> source)
    {
        state.Charge(4);
        state.Allocate(Bytes);
        _state = state;
        _source = source.GetEnumerator();
    }

    internal IEnumerable<object?> Rest()
    {
        while (Advance())
        {
            yield return _source.Current;
        }
    }

    bool Advance()
    {
        _state.Enter();
        bool any = _source.MoveNext();
        _state.Leave();
        return any;
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
