using System.Collections;
using System.Numerics;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>A dictionary in insertion order, with Python's equality of keys: 1, 1.0 and True are one key.</summary>
sealed class PythonDictionary : IEnumerable<KeyValuePair<object?, object?>>
{
    static readonly object s_none = new();
    readonly OrderedDictionary<object, object?> _entries = new(KeyComparer.Instance);

    internal int Count => _entries.Count;

    /// <summary>Sets a key, which must be hashable: strings always are, for others see <see cref="Set"/>.</summary>
    internal object? this[string key]
    {
        set => _entries[key] = value;
    }

    internal void Set(RenderState state, object? key, object? value)
    {
        state.Charge(4);
        _entries[Hashable(state, key)] = value;
    }

    internal bool TryGet(RenderState state, object? key, out object? value) => _entries.TryGetValue(Hashable(state, key), out value);

    internal bool TryGet(string key, out object? value) => _entries.TryGetValue(key, out value);

    public IEnumerator<KeyValuePair<object?, object?>> GetEnumerator()
    {
        foreach ((object key, object? value) in _entries)
        {
            yield return new(ReferenceEquals(key, s_none) ? null : key, value);
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    static object Hashable(RenderState state, object? key)
    {
        Check(state, key);
        return key ?? s_none;
    }

    static void Check(RenderState state, object? key)
    {
        if (key is List<object?> or PythonDictionary)
        {
            throw state.TypeError($"unhashable type: '{PythonType.Name(key)}'");
        }

        if (key is PythonTuple tuple)
        {
            state.Enter();
            foreach (object? item in tuple.Items)
            {
                state.Charge();
                Check(state, item);
            }

            state.Leave();
        }
    }

    sealed class KeyComparer : IEqualityComparer<object>
    {
        internal static KeyComparer Instance { get; } = new();

        public new bool Equals(object? left, object? right) => (left, right) switch
        {
            (string a, string b) => a == b,
            _ when PythonType.IsText(left) && PythonType.IsText(right) => PythonType.TextOrNull(left) == PythonType.TextOrNull(right),
            (PythonTuple a, PythonTuple b) => a.Items.AsSpan().SequenceEqual(b.Items, Instance!),
            _ when PythonType.IsNumber(left) && PythonType.IsNumber(right) => Comparison.NumbersEqual(left, right),
            (Undefined, Undefined) => true,
            _ => ReferenceEquals(left, right),
        };

        public int GetHashCode(object? key)
        {
            switch (key)
            {
                case null:
                    return 0;
                case string or Markup:
                    return PythonType.TextOrNull(key)!.GetHashCode(StringComparison.Ordinal);
                case double real when double.IsInteger(real):
                    return new BigInteger(real).GetHashCode();
                case long or bool or BigInteger:
                    return PythonType.ToBig(key).GetHashCode();
                case PythonTuple tuple:
                    HashCode hash = default;
                    foreach (object? item in tuple.Items)
                    {
                        hash.Add(GetHashCode(item));
                    }

                    return hash.ToHashCode();
                case Undefined:
                    return 1;
                default:
                    return key.GetHashCode();
            }
        }
    }
}
