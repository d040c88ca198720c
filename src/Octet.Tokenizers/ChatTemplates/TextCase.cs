using System.Buffers;
using System.Text;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>Upper, lower and title case; the few letters whose upper case is longer follow Unicode's SpecialCasing.</summary>
static class TextCase
{
    static readonly Dictionary<char, string> s_longUpper = new()
    {
        ['ß'] = "SS",
        ['ŉ'] = "ʼN",
        ['ǰ'] = "J̌",
        ['ΐ'] = "Ϊ́",
        ['ΰ'] = "Ϋ́",
        ['և'] = "ԵՒ",
        ['ﬀ'] = "FF",
        ['ﬁ'] = "FI",
        ['ﬂ'] = "FL",
        ['ﬃ'] = "FFI",
        ['ﬄ'] = "FFL",
        ['ﬅ'] = "ST",
        ['ﬆ'] = "ST",
    };

    static readonly SearchValues<char> s_lengthened = SearchValues.Create([.. s_longUpper.Keys]);

    internal static string Upper(string text)
    {
        string upper = text.ToUpperInvariant();
        if (upper.AsSpan().IndexOfAny(s_lengthened) < 0)
        {
            return upper;
        }

        StringBuilder into = new(upper.Length + 8);
        foreach (char c in upper)
        {
            _ = s_longUpper.TryGetValue(c, out string? longer) ? into.Append(longer) : into.Append(c);
        }

        return into.ToString();
    }

    /// <summary>Lower case; a capital sigma that ends a word becomes the final one.</summary>
    internal static string Lower(string text)
    {
        string lower = text.ToLowerInvariant();
        if (!text.Contains('Σ', StringComparison.Ordinal) && !text.Contains('İ', StringComparison.Ordinal))
        {
            return lower;
        }

        StringBuilder into = new(lower.Length + 8);
        for (int at = 0; at < lower.Length; at++)
        {
            bool final = text[at] == 'Σ' && at > 0 && char.IsLetter(text[at - 1]) && (at + 1 == text.Length || !char.IsLetter(text[at + 1]));
            _ = text[at] == 'İ' ? into.Append("i̇") : into.Append(final ? 'ς' : lower[at]);
        }

        return into.ToString();
    }

    internal static string Capitalize(string text)
    {
        int first = CodePoints.Offset(text, 0, 1);
        return first == 0 ? "" : TitleOf(text[..first]) + Lower(text[first..]);
    }

    /// <summary>Python's <c>str.title</c>: each run of letters begins with a capital.</summary>
    internal static string Title(string text)
    {
        StringBuilder into = new(text.Length);
        bool inside = false;
        foreach (string point in CodePoints.Split(text))
        {
            bool letter = char.IsLetter(point, 0);
            _ = into.Append(!letter ? point : inside ? Lower(point) : TitleOf(point));
            inside = letter;
        }

        return into.ToString();
    }

    internal static string Swap(string text)
    {
        StringBuilder into = new(text.Length);
        foreach (string point in CodePoints.Split(text))
        {
            into.Append(char.IsUpper(point, 0) ? Lower(point) : char.IsLower(point, 0) ? Upper(point) : point);
        }

        return into.ToString();
    }

    /// <summary>Whether there are cased letters and all are of this case.</summary>
    internal static bool Is(string text, bool upper)
    {
        bool cased = false;
        foreach (string point in CodePoints.Split(text))
        {
            if (upper ? char.IsLower(point, 0) : char.IsUpper(point, 0))
            {
                return false;
            }

            cased |= upper ? char.IsUpper(point, 0) : char.IsLower(point, 0);
        }

        return cased;
    }

    static string TitleOf(string point)
    {
        string upper = Upper(point);
        return upper.Length > point.Length ? upper[..1] + Lower(upper[1..]) : upper;
    }
}
