namespace Octet.Tokenizers.Patterns;

/// <summary>A set of code points: ranges in their order, none next to another.</summary>
sealed class ScalarSet : IEquatable<ScalarSet>
{
    internal const int Last = 0x10FFFF;

    // Of each range the first code point, then the first one behind it.
    readonly int[] _bounds;

    ScalarSet(int[] bounds) => _bounds = bounds;

    internal static ScalarSet Empty { get; } = new([]);

    internal static ScalarSet All { get; } = new([0, Last + 1]);

    /// <summary>The places where a code point and the one before it are not both in the set or both outside: inside, outside, inside, and so on.</summary>
    internal ReadOnlySpan<int> Bounds => _bounds;

    internal bool IsEmpty => _bounds.Length == 0;

    internal static ScalarSet Of(int value) => Range(value, value);

    internal static ScalarSet Range(int first, int last) => new([first, last + 1]);

    /// <summary>The union of any ranges, in any order.</summary>
    internal static ScalarSet Union(List<(int First, int Last)> ranges)
    {
        ranges.Sort();
        List<int> bounds = [];
        foreach ((int first, int last) in ranges)
        {
            if (bounds.Count > 0 && first <= bounds[^1])
            {
                bounds[^1] = Math.Max(bounds[^1], last + 1);
            }
            else
            {
                bounds.Add(first);
                bounds.Add(last + 1);
            }
        }

        return new([.. bounds]);
    }

    internal ScalarSet Union(ScalarSet other) => other.IsEmpty ? this : IsEmpty ? other : Merge(other, static (a, b) => a | b);

    internal ScalarSet Intersect(ScalarSet other) => Merge(other, static (a, b) => a & b);

    internal ScalarSet Except(ScalarSet other) => Merge(other, static (a, b) => a & !b);

    internal ScalarSet Negate() => All.Except(this);

    internal bool Contains(int value)
    {
        int at = Array.BinarySearch(_bounds, value);
        return ((at >= 0 ? at : ~at - 1) & 1) == 0;
    }

    internal IEnumerable<(int First, int Last)> Ranges()
    {
        for (int i = 0; i < _bounds.Length; i += 2)
        {
            yield return (_bounds[i], _bounds[i + 1] - 1);
        }
    }

    public bool Equals(ScalarSet? other) => other is not null && _bounds.AsSpan().SequenceEqual(other._bounds);

    public override bool Equals(object? obj) => Equals(obj as ScalarSet);

    public override int GetHashCode()
    {
        HashCode hash = default;
        foreach (int bound in _bounds)
        {
            hash.Add(bound);
        }

        return hash.ToHashCode();
    }

    ScalarSet Merge(ScalarSet other, Func<bool, bool, bool> isIn)
    {
        List<int> bounds = [];
        int a = 0;
        int b = 0;
        bool inside = false;
        while (a < _bounds.Length || b < other._bounds.Length)
        {
            int at = Math.Min(a < _bounds.Length ? _bounds[a] : int.MaxValue, b < other._bounds.Length ? other._bounds[b] : int.MaxValue);
            a += a < _bounds.Length && _bounds[a] == at ? 1 : 0;
            b += b < other._bounds.Length && other._bounds[b] == at ? 1 : 0;

            // An odd number of bounds passed is inside.
            if (isIn((a & 1) == 1, (b & 1) == 1) != inside)
            {
                inside = !inside;
                bounds.Add(at);
            }
        }

        return new([.. bounds]);
    }
}
