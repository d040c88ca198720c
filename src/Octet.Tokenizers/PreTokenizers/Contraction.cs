namespace Octet.Tokenizers.PreTokenizers;

/// <summary>The English endings that the patterns cut off first: <c>'s 't 're 've 'm 'll 'd</c>.</summary>
static class Contraction
{
    /// <summary>The length of the ending at the start of a text that begins with an apostrophe; 0 where there is none.</summary>
    internal static int Length(ReadOnlySpan<byte> text, bool ignoreCase)
    {
        // U+017F, the long s, is a case variant of s; nothing else outside ASCII folds to one of these letters.
        if (ignoreCase && text[1..].StartsWith("\u017F"u8))
        {
            return 3;
        }

        byte first = Letter(text, 1, ignoreCase);
        byte second = Letter(text, 2, ignoreCase);
        return (first, second) switch
        {
            ((byte)'s' or (byte)'t' or (byte)'m' or (byte)'d', _) => 2,
            ((byte)'r' or (byte)'v', (byte)'e') or ((byte)'l', (byte)'l') => 3,
            _ => 0,
        };
    }

    static byte Letter(ReadOnlySpan<byte> text, int at, bool ignoreCase)
    {
        byte value = at < text.Length ? text[at] : (byte)0;
        return ignoreCase && value is >= (byte)'A' and <= (byte)'Z' ? (byte)(value | 0x20) : value;
    }
}
