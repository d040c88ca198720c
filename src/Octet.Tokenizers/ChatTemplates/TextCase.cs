using System.Globalization;
using System.Text;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>Upper, lower and title case as Python has them, the same in every culture and on every machine.</summary>
static class TextCase
{
    internal static string Upper(RenderState state, string text)
    {
        Pay(state, text);
        return Ascii.IsValid(text) ? text.ToUpperInvariant() : Change(state, text, CaseTable.Upper);
    }

    /// <summary>Lower case; a capital sigma that ends a word becomes the final one.</summary>
    internal static string Lower(RenderState state, string text)
    {
        Pay(state, text);
        return Ascii.IsValid(text) ? text.ToLowerInvariant() : Change(state, text, CaseTable.Lower);
    }

    internal static string Fold(RenderState state, string text)
    {
        Pay(state, text);
        return Ascii.IsValid(text) ? text.ToLowerInvariant() : Change(state, text, CaseTable.Folded);
    }

    internal static string Capitalize(RenderState state, string text)
    {
        Pay(state, text);
        return Change(state, text, CaseTable.Lower, titled: static (_, at) => at == 0);
    }

    /// <summary>Python's <c>str.title</c>: each run of letters that have case begins with a capital.</summary>
    internal static string Title(RenderState state, string text)
    {
        Pay(state, text);
        bool inside = false;
        return Change(state, text, CaseTable.Lower, titled: (point, _) =>
        {
            bool begins = !inside;
            inside = IsCased(point);
            return begins;
        });
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
        Pay(state, text);
        StringBuilder into = new(text.Length);
        for (int at = 0; at < text.Length;)
        {
            Rune point = CodePoints.RuneAt(text, at, out int width);
            into.Append(IsUpper(point) ? LowerAt(text, at, CaseTable.Lower, out _) : IsLower(point) ? CaseTable.Upper.Of(text, at, out _) : text.AsSpan(at, width));
            at += width;
        }

        return Grown(state, text, into);
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

    /// <summary>Unicode's property Uppercase: capital letters, and the capital Roman numerals and enclosed letters.</summary>
    static bool IsUpper(Rune point) => point.Value < 0x80 ? char.IsAsciiLetterUpper((char)point.Value) : Rune.IsUpper(point)
        || point.Value is (>= 0x2160 and <= 0x216F) or (>= 0x24B6 and <= 0x24CF) or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189);

    /// <summary>Unicode's property Lowercase: small letters, the small Roman numerals and enclosed letters, and small letters that modify or stand above a line.</summary>
    static bool IsLower(Rune point) => point.Value < 0x80 ? char.IsAsciiLetterLower((char)point.Value) : Rune.IsLower(point)
        || point.Value is 0xAA or 0xBA or (>= 0x2B0 and <= 0x2B8) or 0x2C0 or 0x2C1 or (>= 0x2E0 and <= 0x2E4) or 0x345 or 0x37A or (>= 0x1D2C and <= 0x1D6A) or 0x1D78
            or (>= 0x1D9B and <= 0x1DBF) or 0x2071 or 0x207F or (>= 0x2090 and <= 0x209C) or (>= 0x2170 and <= 0x217F) or (>= 0x24D0 and <= 0x24E9) or 0x2C7C or 0x2C7D
            or 0xA69C or 0xA69D or 0xA770 or 0xA7F8 or 0xA7F9 or (>= 0xAB5C and <= 0xAB5F)
            or 0x10780 or (>= 0x10783 and <= 0x10785) or (>= 0x10787 and <= 0x107B0) or (>= 0x107B2 and <= 0x107BA);

    static bool IsTitleCase(Rune point) => point.Value >= 0x80 && Rune.GetUnicodeCategory(point) == UnicodeCategory.TitlecaseLetter;

    static bool IsCased(Rune point) => IsUpper(point) || IsLower(point) || IsTitleCase(point);

    /// <summary>The text with each code point as the table has it, or, where <paramref name="titled"/> says so, as in a title.</summary>
    static string Change(RenderState state, string text, CaseTable table, Func<Rune, int, bool>? titled = null)
    {
        StringBuilder into = new(text.Length);
        for (int at = 0; at < text.Length;)
        {
            bool first = titled is not null && titled(CodePoints.RuneAt(text, at, out _), at);
            into.Append(first ? CaseTable.Title.Of(text, at, out int width) : LowerAt(text, at, table, out width));
            at += width;
        }

        return Grown(state, text, into);
    }

    static ReadOnlySpan<char> LowerAt(string text, int at, CaseTable table, out int width)
    {
        ReadOnlySpan<char> changed = table.Of(text, at, out width);
        return text[at] == 'Σ' && table == CaseTable.Lower && EndsWord(text, at) ? "ς" : changed;
    }

    /// <summary>Unicode's condition Final_Sigma: a letter with case stands before, and none behind; what has no case of its own, as accents have none, is passed over.</summary>
    static bool EndsWord(string text, int at)
    {
        int before = at;
        Rune point = default;
        while (before > 0)
        {
            before -= before >= 2 && char.IsSurrogatePair(text[before - 2], text[before - 1]) ? 2 : 1;
            point = CodePoints.RuneAt(text, before, out _);
            if (!IsPassedOver(point))
            {
                break;
            }
        }

        if (before == at || !IsCased(point) || IsPassedOver(point))
        {
            return false;
        }

        for (int after = at + 1; after < text.Length;)
        {
            point = CodePoints.RuneAt(text, after, out int width);
            if (!IsPassedOver(point))
            {
                return !IsCased(point);
            }

            after += width;
        }

        return true;
    }

    /// <summary>Unicode's property Case_Ignorable.</summary>
    static bool IsPassedOver(Rune point) => point.Value is '\'' or '.' or ':' or 0xB7 or 0x387 or 0x55F or 0x5F4 or 0x2018 or 0x2019 or 0x2024 or 0x2027 or 0xFE13 or 0xFE52 or 0xFE55 or 0xFF07 or 0xFF0E or 0xFF1A
        || Rune.GetUnicodeCategory(point) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol;

    static string Grown(RenderState state, string text, StringBuilder into)
    {
        state.ChargeText(Math.Max(0, into.Length - text.Length));
        return into.ToString();
    }

    static void Pay(RenderState state, string text)
    {
        state.ChargeCharacters(text.Length);
        state.ChargeText(text.Length);
    }
}
