using System.Text;

namespace Octet.Tokenizers.Normalizers;

/// <summary>Lower case, character by character and without regard to language or context.</summary>
sealed class LowercaseNormalizer : Normalizer
{
    internal override ReadOnlySpan<byte> Apply(ReadOnlySpan<byte> text, long limit)
    {
        StringBuilder lower = new(text.Length);
        foreach (Rune value in Encoding.UTF8.GetString(text).EnumerateRunes())
        {
            // U+0130 is the one scalar whose lower case in Unicode's SpecialCasing.txt is two, regardless of language.
            if (value.Value == 0x130)
            {
                lower.Append("i\u0307");
            }
            else
            {
                lower.Append(Rune.ToLowerInvariant(value).ToString());
            }
        }

        return Encoding.UTF8.GetBytes(lower.ToString());
    }
}
