using System.Text;

namespace Octet.Tokenizers.Normalizers;

/// <summary>
/// BertNormalizer: control characters go, white space becomes spaces, Chinese characters get spaces around them, letters lose their
/// accents and become small, each where the file asks for it.
/// </summary>
sealed class BertNormalizer(bool cleanText, bool handleChineseChars, bool stripAccents, bool lowercase)
    : CharacterNormalizer((value, into) => Map(value, into, cleanText, handleChineseChars, stripAccents, lowercase))
{
    // Categories Cc, Cf and Co of Unicode 8.0, tab and line breaks aside, and U+FFFD.
    static readonly CodePointSet s_controls = new(
        "0-8 b-c e-1f 7f-9f ad 600-605 61c 6dd 70f 180e 200b-200f 202a-202e 2060-2064 2066-206f e000-f8ff feff fff9-fffb fffd 110bd " +
        "1bca0-1bca3 1d173-1d17a e0001 e0020-e007f f0000-ffffd 100000-10fffd");

    // What a letter decomposes into, less the marks, never changes places with its neighbours: each character can be seen alone.
    static void Map(Rune value, StringBuilder into, bool cleanText, bool handleChineseChars, bool stripAccents, bool lowercase)
    {
        if (cleanText && (value.Value is 0 or 0xFFFD || s_controls.Contains(value)))
        {
            return;
        }

        if (cleanText && Rune.IsWhiteSpace(value))
        {
            value = new Rune(' ');
        }

        bool apart = handleChineseChars && IsChinese(value.Value);
        into.Append(apart ? " " : "");
        foreach (Rune part in stripAccents ? UnicodeNormalizer.Decompose(value) : [value])
        {
            if (stripAccents && MarkCharacter.IsNonspacing(part))
            {
                continue;
            }

            if (lowercase)
            {
                LowercaseNormalizer.Map(part, into);
            }
            else
            {
                into.Append(part.ToString());
            }
        }

        into.Append(apart ? " " : "");
    }

    static bool IsChinese(int value) => value is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x20000 and <= 0x2A6DF)
        or (>= 0x2A700 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);
}
