using System.Numerics;
using System.Text;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>Python's <c>json.dumps</c>, with which transformers replaces jinja2's <c>tojson</c>: no HTML escapes, keys in their order.</summary>
sealed class PythonJson(RenderState state, bool ascii, string? indent, string itemSeparator, string keySeparator, bool sortKeys)
{
    readonly StringBuilder _into = new();

    internal string Write(object? value)
    {
        Append(value, 0);
        return _into.ToString();
    }

    void Append(object? value, int level)
    {
        state.Charge();
        switch (value)
        {
            case null:
                _into.Append("null");
                break;
            case bool truth:
                _into.Append(truth ? "true" : "false");
                break;
            case string or Rope or Markup:
                AppendString(PythonType.TextOrNull(value)!);
                break;
            case long or BigInteger:
                _into.Append(PythonText.Repr(state, value));
                break;
            case double real:
                state.Charge(PythonText.FloatSteps);
                _into.Append(Number(real));
                break;
            case List<object?> list:
                AppendList(list, level);
                break;
            case PythonTuple tuple:
                AppendList(tuple.Items, level);
                break;
            case PythonDictionary dictionary:
                AppendDictionary(dictionary, level);
                break;
            default:
                throw state.TypeError($"Object of type {PythonType.Name(value)} is not JSON serializable");
        }
    }

    static string Number(double value) => double.IsNaN(value) ? "NaN" : double.IsInfinity(value) ? (value > 0 ? "Infinity" : "-Infinity") : PythonText.Float(value);

    void AppendList(IReadOnlyList<object?> items, int level)
    {
        if (items.Count == 0)
        {
            _into.Append("[]");
            return;
        }

        state.Enter();
        _into.Append('[');
        for (int index = 0; index < items.Count; index++)
        {
            Separate(index, level + 1);
            Append(items[index], level + 1);
        }

        Break(level);
        _into.Append(']');
        state.Leave();
    }

    void AppendDictionary(PythonDictionary dictionary, int level)
    {
        if (dictionary.Count == 0)
        {
            _into.Append("{}");
            return;
        }

        state.Enter();
        _into.Append('{');
        IEnumerable<KeyValuePair<object?, object?>> pairs = dictionary;
        if (sortKeys)
        {
            pairs = Comparison.Sorted(state, dictionary, static pair => pair.Key, reverse: false);
        }

        int index = 0;
        foreach ((object? key, object? value) in pairs)
        {
            Separate(index++, level + 1);
            AppendString(key switch
            {
                string or Markup => PythonType.TextOrNull(key)!,
                null => "null",
                bool truth => truth ? "true" : "false",
                long or BigInteger => PythonText.Repr(state, key),
                double real => Number(real),
                _ => throw state.TypeError($"keys must be str, int, float, bool or None, not {PythonType.Name(key)}"),
            });
            Add(keySeparator);
            Append(value, level + 1);
        }

        Break(level);
        _into.Append('}');
        state.Leave();
    }

    void Separate(int index, int level)
    {
        Add(index > 0 ? itemSeparator : "");
        Break(level);
    }

    void Add(string text)
    {
        state.RequireLength((long)_into.Length + text.Length);
        state.ChargeText(text.Length);
        _into.Append(text);
    }

    void Break(int level)
    {
        if (indent is not null)
        {
            state.ChargeText(1 + ((long)indent.Length * level));
            state.RequireLength(_into.Length + ((long)indent.Length * level));
            _into.Append('\n').Insert(_into.Length, indent, level);
        }
    }

    void AppendString(string text)
    {
        state.Charge();
        state.ChargeCharacters(text.Length);
        state.RequireLength((long)_into.Length + text.Length);
        int before = _into.Length;
        _into.Append('"');
        foreach (char c in text)
        {
            switch (c)
            {
                case '"':
                    _into.Append("\\\"");
                    break;
                case '\\':
                    _into.Append("\\\\");
                    break;
                case '\n':
                    _into.Append("\\n");
                    break;
                case '\r':
                    _into.Append("\\r");
                    break;
                case '\t':
                    _into.Append("\\t");
                    break;
                case '\f':
                    _into.Append("\\f");
                    break;
                case '\b':
                    _into.Append("\\b");
                    break;
                case < ' ':
                case > '~' when ascii:
                    _into.Append("\\u").Append(Hex(c >> 12)).Append(Hex(c >> 8)).Append(Hex(c >> 4)).Append(Hex(c));
                    break;
                default:
                    _into.Append(c);
                    break;
            }
        }

        _into.Append('"');
        state.RequireLength(_into.Length);
        state.ChargeText(_into.Length - before);
    }

    static char Hex(int value) => "0123456789abcdef"[value & 15];
}
