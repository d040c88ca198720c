using System.Globalization;
using System.Text;

namespace Octet.Tokenizers.Normalizers;

/// <summary>One of Unicode's four normalization forms (UAX #15), in Unicode 9.0, which the reference has tables of.</summary>
sealed class UnicodeNormalizer(NormalizationForm form) : Normalizer
{
    // string.Normalize refuses this noncharacter. It neither decomposes nor combines, so the text can be cut there.
    const char Refused = '\uFFFE';

    // What newer versions decompose. None of these combines with what stands before it, so the text can be cut there too.
    static readonly CodePointSet s_newer = new(
        "32ff a7f1-a7f4 ab69 105c9 105e4 10781-10785 10787-107b0 107b2-107ba 11383 11385 1138e 11391 113c5 113c7-113c8 11938 16121-16128 " +
        "16d68-16d6a 1ccd6-1ccf9 1e030-1e06d 1f16c 1fbf0-1fbf9");

    readonly bool _compatible = form is NormalizationForm.FormKC or NormalizationForm.FormKD;

    /// <summary>
    /// Whether this process can normalise at all: with invariant globalization .NET returns the text as it is, without a word.
    /// </summary>
    internal static bool IsAvailable => "e\u0301".Normalize(NormalizationForm.FormC) == "\u00E9";

    /// <summary>What a character is made of.</summary>
    internal static Rune[] Decompose(Rune value) =>
        value.IsAscii || value.Value == Refused || s_newer.Contains(value) ? [value] : [.. value.ToString().Normalize(NormalizationForm.FormD).EnumerateRunes()];

    internal override bool Rewrite(AlignedText text, TextBuffer into)
    {
        if (Ascii.IsValid(text.Bytes))
        {
            return false;
        }

        return text.Tracks ? RewriteAligned(text, into) : RewriteWhole(text, into);
    }

    bool RewriteWhole(AlignedText text, TextBuffer into)
    {
        string before = Encoding.UTF8.GetString(text.Bytes);
        string after = Normalize(CombiningMarkOrder.Apply(before, _compatible));
        if (ReferenceEquals(before, after))
        {
            return false;
        }

        into.Advance(Encoding.UTF8.GetBytes(after, into.Room(Encoding.UTF8.GetByteCount(after))));
        return true;
    }

    /// <summary>
    /// The same, stretch by stretch: a character with all that may combine with it. Within a stretch the n-th character comes from the n-th,
    /// those beyond from the last.
    /// </summary>
    bool RewriteAligned(AlignedText text, TextBuffer into)
    {
        ReadOnlySpan<byte> bytes = text.Bytes;
        Span<byte> utf8 = stackalloc byte[4];
        List<int> places = []; // where the characters of the stretch begin
        for (int start = 0; start < bytes.Length;)
        {
            places.Clear();
            places.Add(start);
            Rune.DecodeFromUtf8(bytes[start..], out _, out int length);
            int end = start + length;
            while (end < bytes.Length)
            {
                Rune.DecodeFromUtf8(bytes[end..], out Rune following, out length);
                if (!MayCombine(following))
                {
                    break;
                }

                places.Add(end);
                end += length;
            }

            string before = Encoding.UTF8.GetString(bytes[start..end]);
            string after = Normalize(CombiningMarkOrder.Apply(before, _compatible));
            if (before == after)
            {
                into.Keep(text, start, end - start);
            }
            else
            {
                int index = 0;
                foreach (Rune value in after.EnumerateRunes())
                {
                    into.Put(text, utf8[..value.EncodeToUtf8(utf8)], places[Math.Min(index++, places.Count - 1)]);
                }
            }

            start = end;
        }

        return true;
    }

    /// <summary>Whether a character may join the one before it or change places with it.</summary>
    static bool MayCombine(Rune value) => value.Value >= 0x300
        && (Rune.GetUnicodeCategory(value) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark
            || value.Value is (>= 0x1160 and <= 0x11FF) or 0xFF9E or 0xFF9F);

    string Normalize(string text)
    {
        if (text.Contains(Refused, StringComparison.Ordinal))
        {
            return string.Join(Refused, text.Split(Refused).Select(Normalize));
        }

        int newer = form == NormalizationForm.FormC ? -1 : IndexOfNewer(text);
        if (newer >= 0)
        {
            return NormalizeAround(text, newer);
        }

        return text.IsNormalized(form) ? text : text.Normalize(form);
    }

    string NormalizeAround(string text, int newer)
    {
        StringBuilder normalized = new(text.Length);
        int done = 0;
        while (newer >= 0)
        {
            int length = char.IsHighSurrogate(text[newer]) ? 2 : 1;
            normalized.Append(text[done..newer].Normalize(form)).Append(text, newer, length);
            done = newer + length;
            int next = IndexOfNewer(text.AsSpan(done));
            newer = next < 0 ? -1 : done + next;
        }

        return normalized.Append(text[done..].Normalize(form)).ToString();
    }

    static int IndexOfNewer(ReadOnlySpan<char> text)
    {
        int at = 0;
        foreach (Rune value in text.EnumerateRunes())
        {
            // Canonical forms leave compatible characters alone anyway.
            if (value.Value >= 0x32FF && s_newer.Contains(value))
            {
                return at;
            }

            at += value.Utf16SequenceLength;
        }

        return -1;
    }
}
