namespace Octet.Tokenizers.PreTokenizers;

/// <summary>FixedLength: so many characters each, the last piece the rest.</summary>
sealed class FixedLengthPattern(int characters) : SplitPattern
{
    internal override int Match(ReadOnlySpan<byte> text)
    {
        int at = 0;
        for (int count = 0; count < characters && at < text.Length; count++)
        {
            at++;
            while (at < text.Length && (text[at] & 0xC0) == 0x80)
            {
                at++;
            }
        }

        return at;
    }
}
