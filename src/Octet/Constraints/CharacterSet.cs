namespace Octet.Constraints;

/// <summary>A set of Unicode characters (scalar values, so no surrogates): ranges in their order, none next to another.</summary>
sealed class CharacterSet
{
    internal const int Last = 0x10FFFF;

    readonly (int First, int Last)[] _ranges;

    CharacterSet((int First, int Last)[] ranges) => _ranges = ranges;

    internal static CharacterSet All { get; } = new([(0, 0xD7FF), (0xE000, Last)]);

    internal static CharacterSet Empty { get; } = new([]);

    internal ReadOnlySpan<(int First, int Last)> Ranges => _ranges;

    internal bool IsEmpty => _ranges.Length == 0;

    internal bool IsAscii => _ranges.Length == 0 || _ranges[^1].Last < 0x80;

    internal static CharacterSet Of(int character) => Of((character, character));

    /// <summary>The union of ranges, both ends included, in any order; surrogates in them are left out.</summary>
    internal static CharacterSet Of(params (int First, int Last)[] ranges)
    {
        (int First, int Last)[] sorted = [.. ranges.OrderBy(static range => range.First)];
        List<(int First, int Last)> merged = [];
        foreach ((int first, int last) in sorted)
        {
            if (merged.Count > 0 && first <= merged[^1].Last + 1)
            {
                merged[^1] = (merged[^1].First, Math.Max(merged[^1].Last, last));
            }
            else
            {
                merged.Add((first, last));
            }
        }

        return Intersection([.. merged], All._ranges);
    }

    internal CharacterSet Union(CharacterSet other) => Of([.. _ranges, .. other._ranges]);

    internal CharacterSet Intersect(CharacterSet other) => Intersection(_ranges, other._ranges);

    internal CharacterSet Except(CharacterSet other) => Intersect(other.Negate());

    internal CharacterSet Negate()
    {
        List<(int, int)> gaps = [];
        int next = 0;
        foreach ((int first, int last) in _ranges)
        {
            if (first > next)
            {
                gaps.Add((next, first - 1));
            }

            next = last + 1;
        }

        if (next <= Last)
        {
            gaps.Add((next, Last));
        }

        return Intersection([.. gaps], All._ranges);
    }

    internal bool Contains(int character)
    {
        foreach ((int first, int last) in _ranges)
        {
            if (character <= last)
            {
                return character >= first;
            }
        }

        return false;
    }

    static CharacterSet Intersection((int First, int Last)[] a, (int First, int Last)[] b)
    {
        List<(int, int)> common = [];
        for (int i = 0, j = 0; i < a.Length && j < b.Length;)
        {
            int first = Math.Max(a[i].First, b[j].First);
            int last = Math.Min(a[i].Last, b[j].Last);
            if (first <= last)
            {
                common.Add((first, last));
            }

            if (a[i].Last < b[j].Last)
            {
                i++;
            }
            else
            {
                j++;
            }
        }

        return new([.. common]);
    }
}
