using System.Text;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>Strings as Python sees them: sequences of code points. A surrogate pair counts once, a lone surrogate once.</summary>
static class CodePoints
{
    /// <summary>The strings of one Latin-1 character, so that walking a text makes none.</summary>
    static readonly string[] s_latin = [.. Enumerable.Range(0, 256).Select(static unit => ((char)unit).ToString())];

    internal static bool HasSurrogates(string text) => text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF');

    internal static int Length(string text)
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
            int width = Width(text, at);
            yield return text[at] < s_latin.Length ? s_latin[text[at]] : text.Substring(at, width);
            at += width;
        }
    }

    /// <summary>The text between two code point positions, 0 ≤ from ≤ to ≤ length.</summary>
    internal static string Slice(string text, int from, int to)
    {
        if (!HasSurrogates(text))
        {
            return text[from..to];
        }

        int start = Offset(text, 0, from);
        return text[start..Offset(text, start, to - from)];
    }

    /// <summary>The UTF-16 offset <paramref name="count"/> code points after the offset <paramref name="start"/>.</summary>
    internal static int Offset(string text, int start, int count)
    {
        while (count-- > 0 && start < text.Length)
        {
            start += Width(text, start);
        }

        return start;
    }

    /// <summary>The code points before a UTF-16 offset.</summary>
    internal static int Before(string text, int offset) => HasSurrogates(text) ? Length(text[..offset]) : offset;

    /// <summary>Order by code point; UTF-16 order differs above the surrogates.</summary>
    internal static int Compare(string left, string right)
    {
        int length = Math.Min(left.Length, right.Length);
        int same = left.AsSpan(0, length).CommonPrefixLength(right.AsSpan(0, length));
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

    internal static string Trim(string text, bool start = true, bool end = true)
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
                lines.Add(text[start..(keepEnds ? at + 1 : end)]);
                start = at + 1;
            }
        }

        if (start < text.Length)
        {
            lines.Add(text[start..]);
        }

        return lines;
    }

    internal static string Reverse(string text)
    {
        if (!HasSurrogates(text))
        {
            return string.Create(text.Length, text, static (span, source) =>
            {
                source.CopyTo(span);
                span.Reverse();
            });
        }

        StringBuilder reversed = new(text.Length);
        foreach (string point in Split(text).Reverse())
        {
            reversed.Append(point);
        }

        return reversed.ToString();
    }

    static int Width(string text, int at) => at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]) ? 2 : 1;
}
