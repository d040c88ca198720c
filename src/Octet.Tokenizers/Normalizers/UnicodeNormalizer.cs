using System.Text;

namespace Octet.Tokenizers.Normalizers;

/// <summary>One of Unicode's four normalization forms (UAX #15).</summary>
sealed class UnicodeNormalizer(NormalizationForm form) : Normalizer
{
    /// <summary>
    /// Whether this process can normalise at all: with invariant globalization .NET returns the text as it is, without a word.
    /// </summary>
    internal static bool IsAvailable => "e\u0301".Normalize(NormalizationForm.FormC) == "\u00E9";

    internal override ReadOnlySpan<byte> Apply(ReadOnlySpan<byte> text)
    {
        if (Ascii.IsValid(text))
        {
            return text;
        }

        string before = Encoding.UTF8.GetString(text);
        return before.IsNormalized(form) ? text : Encoding.UTF8.GetBytes(before.Normalize(form));
    }
}
