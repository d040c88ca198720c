using System.Globalization;
using System.Text;

namespace Octet.Tokenizers;

/// <summary>
/// The <c>\w</c> of UTS #18, which decides <c>single_word</c>: alphabetic, marks, decimal digits, connector punctuation and
/// the two joiners. Alphabetic beyond the general categories are the circled and squared letters.
/// </summary>
static class WordCharacter
{
    internal static bool IsWord(Rune value) => Rune.GetUnicodeCategory(value) switch
    {
        UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
            or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter or UnicodeCategory.LetterNumber
            or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark
            or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.ConnectorPunctuation => true,
        _ => value.Value is 0x200C or 0x200D or (>= 0x24B6 and <= 0x24E9) or (>= 0x1F130 and <= 0x1F149)
            or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189),
    };
}
