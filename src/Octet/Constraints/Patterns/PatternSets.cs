using System.Globalization;

namespace Octet.Constraints.Patterns;

/// <summary>The sets that patterns have names for, as ECMA-262 defines them: digits and letters of <c>\d</c> and <c>\w</c> are those of ASCII.</summary>
static class PatternSets
{
    static readonly Lazy<CharacterSet[]> s_categories = new(ReadCategories);

    static readonly string[] s_names =
    [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Cn",
    ];

    internal static CharacterSet Digit { get; } = CharacterSet.Of(('0', '9'));

    internal static CharacterSet Word { get; } = CharacterSet.Of(('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z'));

    internal static CharacterSet Space { get; } = CharacterSet.Of(
        ('\t', '\r'), (' ', ' '), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF));

    internal static CharacterSet NoLineBreak { get; } = CharacterSet.Of(('\n', '\n'), ('\r', '\r'), (0x2028, 0x2029)).Negate();

    /// <summary>The characters of a general category, by its short name or that of its group; null where there is none.</summary>
    internal static CharacterSet? Category(string name)
    {
        CharacterSet[] sets = [.. s_names.Index().Where(entry => entry.Item == name || (name.Length == 1 && entry.Item[0] == name[0])).Select(entry => s_categories.Value[entry.Index])];
        return sets.Length == 0 ? null : sets.Aggregate(static (a, b) => a.Union(b));
    }

    // The names are in the order of UnicodeCategory.
    static CharacterSet[] ReadCategories()
    {
        List<(int, int)>[] ranges = [.. s_names.Select(static _ => new List<(int, int)>())];
        int first = 0;
        for (int character = 1; character <= CharacterSet.Last + 1; character++)
        {
            UnicodeCategory category = CharUnicodeInfo.GetUnicodeCategory(character - 1);
            if (character > CharacterSet.Last || CharUnicodeInfo.GetUnicodeCategory(character) != category)
            {
                ranges[(int)category].Add((first, character - 1));
                first = character;
            }
        }

        return [.. ranges.Select(static list => CharacterSet.Of([.. list]))];
    }
}
