using System.Text;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>Strings as Python sees them: sequences of code points. A surrogate pair counts once, a lone surrogate once.</summary>
static class CodePoints
{
    /// <summary>The strings of one Latin-1 character, so that walking a text makes none.</summary>
    static readonly string[] s_latin = [.. Enumerable.Range(0, 256).Select(static unit => ((char)unit).ToString())];

    internal static bool HasSurrogates(ReadOnlySpan<char> text) => text.ContainsAnyInRange('\uD800', '\uDFFF');

    internal static int Length(ReadOnlySpan<char> text)
    {
        int length = text.Length;
        if (HasSurrogates(text))
        {
            for (int at = 1; at < text.Length; at++)
            {
                if (char.IsSurrogatePair(text[at - 1], text[at]))
                {
                    length--;
                    at++;
                }
            }
        }

        return length;
    }

    internal static IEnumerable<string> Split(string text)
    {
        for (int at = 0; at < text.Length;)
        {
            yield return Point(text, at);
            at += Width(text, at);
        }
    }

    /// <summary>Whether a text has code points and all are so.</summary>
    internal static bool All(ReadOnlySpan<char> text, Func<Rune, bool> holds)
    {
        for (int at = 0; at < text.Length;)
        {
            if (!holds(RuneAt(text, at, out int width)))
            {
                return false;
            }

            at += width;
        }

        return text.Length > 0;
    }

    /// <summary>The code point at an offset; a lone surrogate is no letter, number or anything else, as the replacement character is none.</summary>
    internal static Rune RuneAt(ReadOnlySpan<char> text, int at, out int width)
    {
        Rune.DecodeFromUtf16(text[at..], out Rune point, out width);
        return point;
    }

    /// <summary>The code point at a position, from the end where it is negative; <see langword="null"/> where the text has none there.</summary>
    internal static string? At(RenderState state, ReadOnlySpan<char> text, int index)
    {
        if (index < 0)
        {
            int tail = Math.Max(0, index + text.Length);
            state.ChargeScan(text.Length - tail);
            if (!HasSurrogates(text[tail..]))
            {
                return index + text.Length < 0 ? null : Point(text, tail);
            }

            state.ChargeScan(text.Length);
            index += Length(text);
            if (index < 0)
            {
                return null;
            }
        }

        state.ChargeScan(2L * Math.Min(index, text.Length));
        int at = Offset(text, 0, index);
        return at < text.Length ? Point(text, at) : null;
    }

    /// <summary>The UTF-16 offset of each code point, and the length.</summary>
    internal static int[] Starts(RenderState state, ReadOnlySpan<char> text)
    {
        state.ChargeCharacters(text.Length);
        int count = Length(text);
        state.Allocate(4L * count);
        int[] starts = new int[count + 1];
        int at = 0;
        for (int index = 0; index < count; index++)
        {
            starts[index] = at;
            at += Width(text, at);
        }

        starts[count] = text.Length;
        return starts;
    }

    /// <summary>The text between two code point positions, 0 ≤ from ≤ to ≤ length.</summary>
    internal static ReadOnlySpan<char> Slice(ReadOnlySpan<char> text, int from, int to)
    {
        if (!HasSurrogates(text))
        {
            return text[from..to];
        }

        int start = Offset(text, 0, from);
        return text[start..Offset(text, start, to - from)];
    }

    /// <summary>The UTF-16 offset <paramref name="count"/> code points after the offset <paramref name="start"/>.</summary>
    internal static int Offset(ReadOnlySpan<char> text, int start, int count)
    {
        if (!HasSurrogates(text.Slice(start, Math.Min(count, text.Length - start))))
        {
            return (int)Math.Min(text.Length, (long)start + count);
        }

        while (count-- > 0 && start < text.Length)
        {
            start += Width(text, start);
        }

        return start;
    }

    /// <summary>The code points before a UTF-16 offset.</summary>
    internal static int Before(ReadOnlySpan<char> text, int offset) => Length(text[..offset]);

    /// <summary>Order by code point; UTF-16 order differs above the surrogates.</summary>
    internal static int Compare(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        int length = Math.Min(left.Length, right.Length);
        int same = left.CommonPrefixLength(right);
        if (same == length)
        {
            return left.Length.CompareTo(right.Length);
        }

        char a = left[same];
        char b = right[same];
        return char.IsSurrogate(a) != char.IsSurrogate(b) ? (char.IsSurrogate(a) ? 1 : -1) : a.CompareTo(b);
    }

    /// <summary>Python's <c>str.isspace</c>: .NET's white space and the four separators U+001C to U+001F.</summary>
    internal static bool IsSpace(char value) => char.IsWhiteSpace(value) || value is >= '\x1c' and <= '\x1f';

    /// <summary>The text without white space at its ends. Nothing is paid for: this is for the reading of templates.</summary>
    internal static string Trim(string text, bool start = true, bool end = true)
    {
        ReadOnlySpan<char> trimmed = Trim(text.AsSpan(), start, end);
        return trimmed.Length == text.Length ? text : trimmed.ToString();
    }

    internal static ReadOnlySpan<char> Trim(ReadOnlySpan<char> text, bool start = true, bool end = true)
    {
        int from = 0;
        int to = text.Length;
        while (start && from < to && IsSpace(text[from]))
        {
            from++;
        }

        while (end && to > from && IsSpace(text[to - 1]))
        {
            to--;
        }

        return text[from..to];
    }

    /// <summary>The words of a text between runs of white space.</summary>
    internal static IEnumerable<string> Words(string text)
    {
        int at = 0;
        while (true)
        {
            while (at < text.Length && IsSpace(text[at]))
            {
                at++;
            }

            if (at == text.Length)
            {
                yield break;
            }

            int start = at;
            while (at < text.Length && !IsSpace(text[at]))
            {
                at++;
            }

            yield return text[start..at];
        }
    }

    /// <summary>Python's <c>str.splitlines</c>.</summary>
    internal static List<string> Lines(RenderState state, string text, bool keepEnds = false)
    {
        state.ChargeCharacters(text.Length);
        List<string> lines = [];
        int start = 0;
        for (int at = 0; at < text.Length; at++)
        {
            if (text[at] is '\n' or '\r' or '\v' or '\f' or '\x1c' or '\x1d' or '\x1e' or '\x85' or '\u2028' or '\u2029')
            {
                int end = at;
                if (text[at] == '\r' && at + 1 < text.Length && text[at + 1] == '\n')
                {
                    at++;
                }

                state.Charge(2);
                end = keepEnds ? at + 1 : end;
                state.Allocate(Iteration.BytesOf(end - start));
                lines.Add(text[start..end]);
                start = at + 1;
            }
        }

        if (start < text.Length)
        {
            state.Allocate(Iteration.BytesOf(text.Length - start));
            lines.Add(text[start..]);
        }

        return lines;
    }

    internal static string Reverse(string text) => string.Create(text.Length, text, static (span, source) =>
    {
        source.CopyTo(span);
        span.Reverse();
        for (int at = 1; at < span.Length; at++)
        {
            if (char.IsSurrogatePair(span[at], span[at - 1]))
            {
                (span[at - 1], span[at]) = (span[at], span[at - 1]);
                at++;
            }
        }
    });

    static string Point(ReadOnlySpan<char> text, int at) => text[at] < s_latin.Length ? s_latin[text[at]] : text.Slice(at, Width(text, at)).ToString();

    static int Width(ReadOnlySpan<char> text, int at) => at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]) ? 2 : 1;
}
