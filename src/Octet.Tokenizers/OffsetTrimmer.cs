using System.Text;

namespace Octet.Tokenizers;

/// <summary>Takes white space off the places of tokens, as ByteLevel and RobertaProcessing do where a file asks for it.</summary>
static class OffsetTrimmer
{
    const char Space = '\u0120'; // in the alphabet of ByteLevel

    /// <summary>The places of the tokens that were written.</summary>
    /// <param name="tokenizer">Knows the tokens.</param>
    /// <param name="trims">For each step that trims, whether one space at the beginning may be the pre-tokenizer's own.</param>
    /// <param name="writer">Holds the tokens.</param>
    /// <param name="text">The original text.</param>
    internal static Range[] Offsets(Tokenizer tokenizer, ReadOnlySpan<bool> trims, TokenWriter writer, string text)
    {
        Range[] offsets = new Range[writer.Count];
        for (int i = 0; i < offsets.Length; i++)
        {
            int start = writer.Starts[i];
            int end = writer.Ends[i];
            foreach (bool prefixed in trims)
            {
                (int leading, int trailing) = Spaces(tokenizer, writer.Ids[i], text.AsSpan(start, end - start));
                if (leading == 1 && prefixed && (i == 0 || start == 0))
                {
                    leading = 0;
                }

                start = Math.Min(start + leading, end);
                end = trailing > 0 && end >= trailing ? Math.Max(end - trailing, start) : end;
            }

            offsets[i] = start..end;
        }

        return offsets;
    }

    static (int Leading, int Trailing) Spaces(Tokenizer tokenizer, int id, ReadOnlySpan<char> source)
    {
        // An added token is what it was found as, with the white space that it took along.
        ReadOnlySpan<char> content = tokenizer.IsAdded(id) ? source : tokenizer.GetToken(id);
        int leading = 0;
        foreach (Rune value in content.EnumerateRunes())
        {
            if (!IsSpace(value))
            {
                break;
            }

            leading++;
        }

        int trailing = 0;
        while (!content.IsEmpty && Rune.DecodeLastFromUtf16(content, out Rune last, out int length) == System.Buffers.OperationStatus.Done && IsSpace(last))
        {
            trailing++;
            content = content[..^length];
        }

        return (leading, trailing);
    }

    static bool IsSpace(Rune value) => value.Value == Space || Rune.IsWhiteSpace(value);
}
