using System.Buffers;
using System.Text;

namespace Octet.Tokenizers.Normalizers;

/// <summary>Takes white space off the ends of a text.</summary>
sealed class StripNormalizer(bool left, bool right) : Normalizer
{
    internal override bool Rewrite(AlignedText text, TextBuffer into)
    {
        ReadOnlySpan<byte> bytes = text.Bytes;
        int start = 0;
        int end = bytes.Length;
        while (left && start < end && Rune.DecodeFromUtf8(bytes[start..end], out Rune first, out int length) == OperationStatus.Done && Rune.IsWhiteSpace(first))
        {
            start += length;
        }

        while (right && end > start && Rune.DecodeLastFromUtf8(bytes[start..end], out Rune last, out int length) == OperationStatus.Done && Rune.IsWhiteSpace(last))
        {
            end -= length;
        }

        into.Keep(text, start, end - start);
        return end - start < bytes.Length;
    }
}
