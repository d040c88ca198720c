using System.Text;

namespace Octet.Tokenizers.Normalizers;

/// <summary>One of Unicode's four normalization forms (UAX #15).</summary>
sealed class UnicodeNormalizer(NormalizationForm form) : Normalizer
{
    // string.Normalize refuses this noncharacter. It neither decomposes nor combines, so the text can be cut there.
    const char Refused = '\uFFFE';

    /// <summary>
    /// Whether this process can normalise at all: with invariant globalization .NET returns the text as it is, without a word.
    /// </summary>
    internal static bool IsAvailable => "e\u0301".Normalize(NormalizationForm.FormC) == "\u00E9";

    internal override ReadOnlySpan<byte> Apply(ReadOnlySpan<byte> text, long limit)
    {
        if (Ascii.IsValid(text))
        {
            return text;
        }

        string before = Encoding.UTF8.GetString(text);
        string after = Normalize(CombiningMarkOrder.Apply(before, form is NormalizationForm.FormKC or NormalizationForm.FormKD));
        if (ReferenceEquals(before, after))
        {
            return text;
        }

        TextLimit.Require(Encoding.UTF8.GetByteCount(after), limit);
        return Encoding.UTF8.GetBytes(after);
    }

    string Normalize(string text)
    {
        if (text.Contains(Refused, StringComparison.Ordinal))
        {
            return string.Join(Refused, text.Split(Refused).Select(Normalize));
        }

        return text.IsNormalized(form) ? text : text.Normalize(form);
    }
}
