using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace Octet.Tokenizers.Patterns;

/// <summary>The sets that patterns name: general categories, scripts, other properties, and the classes that escapes and POSIX brackets stand for.</summary>
static class UnicodeSets
{
    const int CategoryCount = (int)UnicodeCategory.OtherNotAssigned + 1;

    static readonly Lazy<ScalarSet[]> s_categories = new(ReadCategories);
    static readonly Lazy<Dictionary<string, string>> s_properties = new(ReadProperties);
    static readonly ConcurrentDictionary<string, ScalarSet> s_named = new(StringComparer.Ordinal);

    static readonly Dictionary<string, UnicodeCategory[]> s_categoryNames = new(StringComparer.Ordinal)
    {
        ["l,letter"] = [UnicodeCategory.UppercaseLetter, UnicodeCategory.LowercaseLetter, UnicodeCategory.TitlecaseLetter, UnicodeCategory.ModifierLetter, UnicodeCategory.OtherLetter],
        ["lc,casedletter,l&"] = [UnicodeCategory.UppercaseLetter, UnicodeCategory.LowercaseLetter, UnicodeCategory.TitlecaseLetter],
        ["lu,uppercaseletter"] = [UnicodeCategory.UppercaseLetter],
        ["ll,lowercaseletter"] = [UnicodeCategory.LowercaseLetter],
        ["lt,titlecaseletter"] = [UnicodeCategory.TitlecaseLetter],
        ["lm,modifierletter"] = [UnicodeCategory.ModifierLetter],
        ["lo,otherletter"] = [UnicodeCategory.OtherLetter],
        ["m,mark,combiningmark"] = [UnicodeCategory.NonSpacingMark, UnicodeCategory.SpacingCombiningMark, UnicodeCategory.EnclosingMark],
        ["mn,nonspacingmark"] = [UnicodeCategory.NonSpacingMark],
        ["mc,spacingmark"] = [UnicodeCategory.SpacingCombiningMark],
        ["me,enclosingmark"] = [UnicodeCategory.EnclosingMark],
        ["n,number"] = [UnicodeCategory.DecimalDigitNumber, UnicodeCategory.LetterNumber, UnicodeCategory.OtherNumber],
        ["nd,decimalnumber,digit"] = [UnicodeCategory.DecimalDigitNumber],
        ["nl,letternumber"] = [UnicodeCategory.LetterNumber],
        ["no,othernumber"] = [UnicodeCategory.OtherNumber],
        ["p,punctuation,punct"] =
        [
            UnicodeCategory.ConnectorPunctuation, UnicodeCategory.DashPunctuation, UnicodeCategory.OpenPunctuation, UnicodeCategory.ClosePunctuation,
            UnicodeCategory.InitialQuotePunctuation, UnicodeCategory.FinalQuotePunctuation, UnicodeCategory.OtherPunctuation,
        ],
        ["pc,connectorpunctuation"] = [UnicodeCategory.ConnectorPunctuation],
        ["pd,dashpunctuation"] = [UnicodeCategory.DashPunctuation],
        ["ps,openpunctuation"] = [UnicodeCategory.OpenPunctuation],
        ["pe,closepunctuation"] = [UnicodeCategory.ClosePunctuation],
        ["pi,initialpunctuation"] = [UnicodeCategory.InitialQuotePunctuation],
        ["pf,finalpunctuation"] = [UnicodeCategory.FinalQuotePunctuation],
        ["po,otherpunctuation"] = [UnicodeCategory.OtherPunctuation],
        ["s,symbol"] = [UnicodeCategory.MathSymbol, UnicodeCategory.CurrencySymbol, UnicodeCategory.ModifierSymbol, UnicodeCategory.OtherSymbol],
        ["sm,mathsymbol"] = [UnicodeCategory.MathSymbol],
        ["sc,currencysymbol"] = [UnicodeCategory.CurrencySymbol],
        ["sk,modifiersymbol"] = [UnicodeCategory.ModifierSymbol],
        ["so,othersymbol"] = [UnicodeCategory.OtherSymbol],
        ["z,separator"] = [UnicodeCategory.SpaceSeparator, UnicodeCategory.LineSeparator, UnicodeCategory.ParagraphSeparator],
        ["zs,spaceseparator"] = [UnicodeCategory.SpaceSeparator],
        ["zl,lineseparator"] = [UnicodeCategory.LineSeparator],
        ["zp,paragraphseparator"] = [UnicodeCategory.ParagraphSeparator],
        ["c,other"] = [UnicodeCategory.Control, UnicodeCategory.Format, UnicodeCategory.Surrogate, UnicodeCategory.PrivateUse, UnicodeCategory.OtherNotAssigned],
        ["cc,control,cntrl"] = [UnicodeCategory.Control],
        ["cf,format"] = [UnicodeCategory.Format],
        ["cs,surrogate"] = [UnicodeCategory.Surrogate],
        ["co,privateuse"] = [UnicodeCategory.PrivateUse],
        ["cn,unassigned"] = [UnicodeCategory.OtherNotAssigned],
    };

    internal static ScalarSet NewLine { get; } = ScalarSet.Of('\n');

    internal static ScalarSet Digit => Category(UnicodeCategory.DecimalDigitNumber);

    internal static ScalarSet HexDigit { get; } = ScalarSet.Union([('0', '9'), ('A', 'F'), ('a', 'f')]);

    /// <summary><c>\s</c>, White_Space.</summary>
    internal static ScalarSet Space { get; } = ScalarSet.Union([(0x9, 0xD), (0x20, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000)]);

    /// <summary>
    /// <c>\w</c> outside of brackets, and what <c>\b</c> tells apart: Oniguruma looks up the first 256 characters in a table of its own there,
    /// which has ², ³, ¹, ¼, ½ and ¾ too.
    /// </summary>
    internal static ScalarSet Word => Named("word")!.Union(ScalarSet.Union([(0xB2, 0xB3), (0xB9, 0xB9), (0xBC, 0xBE)]));

    /// <summary>The set of a name as <c>\p{...}</c> has it, in any case, with or without separators; null where there is none.</summary>
    internal static ScalarSet? Property(ReadOnlySpan<char> name)
    {
        string plain = Plain(name);
        int equals = plain.IndexOf('=', StringComparison.Ordinal);
        if (equals >= 0)
        {
            bool isCategory = plain[..equals] is "gc" or "generalcategory";
            if (!isCategory && plain[..equals] is not ("script" or "sc" or "scx" or "scriptextensions"))
            {
                return null;
            }

            string value = plain[(equals + 1)..];
            return isCategory == IsCategory(value) ? Named(value) : null;
        }

        // Java and .NET write «Is» in front.
        return Named(plain) ?? (plain.StartsWith("is", StringComparison.Ordinal) ? Named(plain[2..]) : null);
    }

    /// <summary>The set of a POSIX bracket's name; null where there is none.</summary>
    internal static ScalarSet? Posix(string name) => name switch
    {
        "punct" => Named("p")!.Union(Named("s")!),
        "alnum" or "alpha" or "ascii" or "blank" or "cntrl" or "digit" or "graph" or "lower" or "print" or "space" or "upper" or "xdigit" or "word" => Named(name),
        _ => null,
    };

    static bool IsCategory(string name) => s_categoryNames.Keys.Any(names => names.Split(',').Contains(name));

    static ScalarSet? Named(string name)
    {
        if (s_named.TryGetValue(name, out ScalarSet? known))
        {
            return known;
        }

        ScalarSet? found = Find(name);
        return found is null ? null : s_named.GetOrAdd(name, found);
    }

    static ScalarSet? Find(string name)
    {
        foreach ((string names, UnicodeCategory[] categories) in s_categoryNames)
        {
            if (names.Split(',').Contains(name))
            {
                return categories.Select(Category).Aggregate(static (a, b) => a.Union(b));
            }
        }

        return name switch
        {
            "any" => ScalarSet.All,
            "ascii" => ScalarSet.Range(0, 0x7F),
            "assigned" => Category(UnicodeCategory.OtherNotAssigned).Negate(),
            "space" or "whitespace" or "wspace" => Space,
            "blank" => Named("zs")!.Union(ScalarSet.Of('\t')),
            "xdigit" => HexDigit,
            "upper" or "uppercase" => Named("lu")!.Union(Named("oupper")!),
            "lower" or "lowercase" => Named("ll")!.Union(Named("olower")!),
            "alpha" or "alphabetic" => Named("l")!.Union(Named("nl")!).Union(Named("oalpha")!).Union(Named("olower")!).Union(Named("oupper")!),
            "alnum" => Named("alpha")!.Union(Digit),
            "word" => Named("alnum")!.Union(Named("m")!).Union(Named("pc")!),
            "graph" => Space.Union(Named("cc")!).Union(Named("cs")!).Union(Named("cn")!).Negate(),
            "print" => Named("graph")!.Union(Named("zs")!),
            _ => s_properties.Value.TryGetValue(name, out string? ranges) ? ReadRanges(ranges) : null,
        };
    }

    static ScalarSet Category(UnicodeCategory category) => s_categories.Value[(int)category];

    static string Plain(ReadOnlySpan<char> name)
    {
        StringBuilder plain = new();
        foreach (char letter in name)
        {
            if (letter is not (' ' or '_' or '-'))
            {
                plain.Append(char.ToLowerInvariant(letter));
            }
        }

        return plain.ToString();
    }

    static ScalarSet[] ReadCategories()
    {
        List<(int, int)>[] ranges = [.. Enumerable.Range(0, CategoryCount).Select(static _ => new List<(int, int)>())];
        int first = 0;
        UnicodeCategory last = CharUnicodeInfo.GetUnicodeCategory(0);
        for (int value = 1; value <= ScalarSet.Last + 1; value++)
        {
            UnicodeCategory? next = value > ScalarSet.Last ? null : CharUnicodeInfo.GetUnicodeCategory(value);
            if (next != last)
            {
                ranges[(int)last].Add((first, value - 1));
                first = value;
                last = next ?? default;
            }

            // Planes 4 to 13 hold nothing but, at their ends, noncharacters, which are not assigned either; planes 15 and 16 are for private use.
            if (value is 0x40000 or 0xF0001 or 0x100001)
            {
                value = value == 0x40000 ? 0xDFFFF : (value | 0xFFFF) - 3;
            }
        }

        return [.. ranges.Select(ScalarSet.Union)];
    }

    static Dictionary<string, string> ReadProperties()
    {
        Dictionary<string, string> properties = new(StringComparer.Ordinal);
        foreach (string line in PropertyRanges.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            foreach (string name in line[..colon].Split(','))
            {
                properties.Add(name, line[(colon + 1)..]);
            }
        }

        return properties;
    }

    static ScalarSet ReadRanges(string text)
    {
        List<(int, int)> ranges = [];
        int last = 0;
        foreach (string range in text.Split(' '))
        {
            int hyphen = range.IndexOf('-', StringComparison.Ordinal);
            int first = last + Number(hyphen < 0 ? range : range[..hyphen]);
            last = hyphen < 0 ? first : first + Number(range[(hyphen + 1)..]);
            ranges.Add((first, last));
        }

        return ScalarSet.Union(ranges);

        static int Number(string digits) => int.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
