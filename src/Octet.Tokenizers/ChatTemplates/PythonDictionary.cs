using System.Collections;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>A dictionary in insertion order, with Python's equality of keys: 1, 1.0 and True are one key.</summary>
sealed class PythonDictionary : IEnumerable<KeyValuePair<object?, object?>>
{
    /// <summary>An entry's places in the tables, with the room they leave.</summary>
    internal const int BytesPerEntry = 96;

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
        state.Allocate(BytesPerEntry);
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

    /// <summary>The key as it is stored. Its hash and one comparison are accounted for.</summary>
    static object Hashable(RenderState state, object? key)
    {
        switch (key)
        {
            case null:
                return s_none;
            case string text:
                state.ChargeCharacters(text.Length);
                return text;
            case Rope rope:
                state.ChargeCharacters(rope.Length);
                return rope.ToString();
            default:
                Check(state, key);
                return key;
        }
    }

    static void Check(RenderState state, object? key)
    {
        switch (key)
        {
            case List<object?> or PythonDictionary:
                throw state.TypeError($"unhashable type: '{PythonType.Name(key)}'");
            case string or Rope or Markup:
                state.ChargeCharacters(PythonType.TextLength(key));
                break;
            case BigInteger big:
                state.ChargeCharacters(big.GetByteCount());
                break;
            case PythonTuple tuple:
                state.Enter();
                foreach (object? item in tuple.Items)
                {
                    state.Charge(2);
                    Check(state, item);
                }

                state.Leave();
                break;
        }
    }

    /// <summary>Hashes are keyed by a secret of the process, so that nobody can choose keys that share one.</summary>
    sealed class KeyComparer : IEqualityComparer<object>
    {
        internal static KeyComparer Instance { get; } = new();

        public new bool Equals(object? left, object? right) => (left, right) switch
        {
            (string a, string b) => a == b,
            _ when PythonType.IsText(left) && PythonType.IsText(right) => PythonType.Characters(left).SequenceEqual(PythonType.Characters(right)),
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
                case string or Rope or Markup:
                    return string.GetHashCode(PythonType.Characters(key));
                case double real when !double.IsInteger(real):
                    return Keyed(real);
                case double real when real is >= long.MinValue and < long.MaxValue:
                    return Keyed((long)real);
                case double real:
                    return Keyed(new BigInteger(real).ToByteArray());
                case bool truth:
                    return Keyed(truth ? 1L : 0L);
                case long small:
                    return Keyed(small);
                case BigInteger big:
                    return Keyed(big.ToByteArray());
                case PythonTuple tuple:
                    long hash = tuple.Items.Length;
                    foreach (object? item in tuple.Items)
                    {
                        hash = Keyed(((long)GetHashCode(item) << 32) | (uint)hash);
                    }

                    return (int)hash;
                case Undefined:
                    return 1;
                default:
                    return key.GetHashCode();
            }
        }

        static int Keyed<T>(T value) where T : unmanaged => string.GetHashCode(MemoryMarshal.Cast<T, char>(new ReadOnlySpan<T>(in value)));

        static int Keyed(byte[] value)
        {
            char[] units = new char[value.Length];
            value.AsSpan().CopyTo(MemoryMarshal.AsBytes(units.AsSpan()));
            return string.GetHashCode(units);
        }
    }
}
