using System.Buffers;
using System.Globalization;
using System.Text;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>Upper, lower and title case, the same in every culture; the few letters whose upper case is longer follow Unicode's SpecialCasing.</summary>
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

    internal static string Upper(RenderState state, string text)
    {
        Pay(state, text);
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
    internal static string Lower(RenderState state, string text)
    {
        Pay(state, text);
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

    internal static string Fold(RenderState state, string text) => Lower(state, text).Replace("ß", "ss", StringComparison.Ordinal).Replace('ς', 'σ');

    internal static string Capitalize(RenderState state, string text)
    {
        int first = CodePoints.Offset(text, 0, 1);
        return first == 0 ? "" : TitleOf(text.AsSpan(0, first)) + Lower(state, text[first..]);
    }

    /// <summary>Python's <c>str.title</c>: each run of letters that have case begins with a capital.</summary>
    internal static string Title(RenderState state, string text)
    {
        // What is not the first letter of a run is as it is in lower case.
        string lower = Lower(state, text);
        if (lower.Length != text.Length)
        {
            lower = text.ToLowerInvariant();
        }

        StringBuilder into = new(text.Length);
        bool inside = false;
        for (int at = 0; at < text.Length;)
        {
            bool cased = IsCased(CodePoints.RuneAt(text, at, out int width));
            _ = inside ? into.Append(lower.AsSpan(at, width)) : into.Append(TitleOf(text.AsSpan(at, width)));
            inside = cased;
            at += width;
        }

        return into.ToString();
    }

    internal static bool IsTitle(RenderState state, string text)
    {
        Pay(state, text);
        bool inside = false;
        bool any = false;
        for (int at = 0; at < text.Length;)
        {
            Rune point = CodePoints.RuneAt(text, at, out int width);
            if (inside ? IsUpper(point) || IsTitleCase(point) : IsLower(point))
            {
                return false;
            }

            inside = IsCased(point);
            any |= inside;
            at += width;
        }

        return any;
    }

    internal static string Swap(RenderState state, string text)
    {
        string lower = text.ToLowerInvariant();
        string upper = text.ToUpperInvariant();
        Pay(state, text);
        Pay(state, text);
        StringBuilder into = new(text.Length);
        for (int at = 0; at < text.Length;)
        {
            Rune point = CodePoints.RuneAt(text, at, out int width);
            ReadOnlySpan<char> other = text[at] == 'İ' ? "i̇" : IsUpper(point) ? lower.AsSpan(at, width) : IsLower(point) ? upper.AsSpan(at, width) : text.AsSpan(at, width);
            _ = s_longUpper.TryGetValue(text[at], out string? longer) ? into.Append(longer) : into.Append(other);
            at += width;
        }

        return into.ToString();
    }

    /// <summary>Whether there are cased letters and all are of this case.</summary>
    internal static bool Is(RenderState state, string text, bool upper)
    {
        state.ChargeCharacters(text.Length);
        bool cased = false;
        for (int at = 0; at < text.Length;)
        {
            Rune point = CodePoints.RuneAt(text, at, out int width);
            if ((upper ? IsLower(point) : IsUpper(point)) || IsTitleCase(point))
            {
                return false;
            }

            cased |= upper ? IsUpper(point) : IsLower(point);
            at += width;
        }

        return cased;
    }

    internal static string TitleOf(ReadOnlySpan<char> point)
    {
        string upper = point.ToString().ToUpperInvariant();
        return s_longUpper.TryGetValue(upper.Length == 1 ? upper[0] : '\0', out string? longer) ? longer[..1] + longer[1..].ToLowerInvariant() : upper;
    }

    /// <summary>Unicode's property Uppercase: capital letters, and the capital Roman numerals and enclosed letters.</summary>
    static bool IsUpper(Rune point) => point.Value < 0x80 ? char.IsAsciiLetterUpper((char)point.Value) : Rune.IsUpper(point)
        || point.Value is (>= 0x2160 and <= 0x216F) or (>= 0x24B6 and <= 0x24CF) or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189);

    /// <summary>Unicode's property Lowercase: small letters, the small Roman numerals and enclosed letters, and small letters that modify or stand above a line.</summary>
    static bool IsLower(Rune point) => point.Value < 0x80 ? char.IsAsciiLetterLower((char)point.Value) : Rune.IsLower(point)
        || point.Value is 0xAA or 0xBA or (>= 0x2B0 and <= 0x2B8) or 0x2C0 or 0x2C1 or (>= 0x2E0 and <= 0x2E4) or 0x345 or 0x37A or (>= 0x1D2C and <= 0x1D6A) or 0x1D78
            or (>= 0x1D9B and <= 0x1DBF) or 0x2071 or 0x207F or (>= 0x2090 and <= 0x209C) or (>= 0x2170 and <= 0x217F) or (>= 0x24D0 and <= 0x24E9) or 0x2C7C or 0x2C7D
            or 0xA69C or 0xA69D or 0xA770 or 0xA7F8 or 0xA7F9 or (>= 0xAB5C and <= 0xAB5F);

    static bool IsTitleCase(Rune point) => point.Value >= 0x80 && Rune.GetUnicodeCategory(point) == UnicodeCategory.TitlecaseLetter;

    static bool IsCased(Rune point) => IsUpper(point) || IsLower(point) || IsTitleCase(point);

    static void Pay(RenderState state, string text)
    {
        state.ChargeCharacters(text.Length);
        state.ChargeText(text.Length);
    }
}
