namespace Octet.Tokenizers.Normalizers;

/// <summary>remove_extra_whitespaces of SentencePiece: no spaces at the ends, and one where several touch.</summary>
sealed class ExtraSpaceNormalizer : Normalizer
{
    internal override bool Rewrite(AlignedText text, TextBuffer into)
    {
        ReadOnlySpan<byte> bytes = text.Bytes;
        int copied = bytes.IndexOfAnyExcept((byte)' ');
        int end = bytes.LastIndexOfAnyExcept((byte)' ') + 1;
        if (copied < 0)
        {
            return true;
        }

        while (copied < end)
        {
            int spaces = bytes[copied..end].IndexOf("  "u8);
            if (spaces < 0)
            {
                break;
            }

            into.Keep(text, copied, spaces + 1);
            copied += spaces;
            copied += bytes[copied..].IndexOfAnyExcept((byte)' ');
        }

        into.Keep(text, copied, end - copied);
        return into.Length < bytes.Length;
    }
}
