using System.Text;

namespace Octet.Tokenizers.Normalizers;

/// <summary>Lower case, character by character and without regard to language or context.</summary>
sealed class LowercaseNormalizer() : CharacterNormalizer(Map)
{
    internal static void Map(Rune value, StringBuilder into)
    {
        // U+0130 is the one scalar whose lower case in Unicode's SpecialCasing.txt is two, regardless of language.
        if (value.Value == 0x130)
        {
            into.Append("i\u0307");
            return;
        }

        Rune lower = Rune.ToLowerInvariant(value);
        into.Append((lower == value ? Newer(value) : lower).ToString());
    }

    // Capitals of Unicode 16 and 17, which the reference knows and .NET 10 does not.
    static Rune Newer(Rune value) => value.Value switch
    {
        0x1C89 or 0xA7CC or 0xA7CE or 0xA7D2 or 0xA7D4 or 0xA7DA => new Rune(value.Value + 1),
        0xA7CB => new Rune(0x264),
        0xA7DC => new Rune(0x19B),
        >= 0x10D50 and <= 0x10D65 => new Rune(value.Value + 0x20),
        >= 0x16EA0 and <= 0x16EB8 => new Rune(value.Value + 0x1B),
        _ => value,
    };
}
