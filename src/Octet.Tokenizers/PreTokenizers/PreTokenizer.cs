namespace Octet.Tokenizers.PreTokenizers;

/// <summary>
/// Cuts normalised text into the pieces that the model encodes one by one: patterns in their order, each within the pieces of
/// the one before, and the prefix space of the ByteLevel step in front of the pieces of <paramref name="splits"/>.
/// </summary>
/// <param name="splits">The patterns before the ByteLevel step.</param>
/// <param name="addPrefixSpace">A piece that does not begin with a space, be it with other white space, gets one in front.</param>
/// <param name="last">The pattern of the ByteLevel step, if it has one.</param>
sealed class PreTokenizer(SplitPattern[] splits, bool addPrefixSpace, SplitPattern? last)
{
    internal void Split<TSink>(ReadOnlySpan<byte> text, ref TSink sink)
        where TSink : IPieceSink, allows ref struct
    {
        Split(text, 0, ref sink);
    }

    void Split<TSink>(ReadOnlySpan<byte> text, int step, ref TSink sink)
        where TSink : IPieceSink, allows ref struct
    {
        if (step == splits.Length)
        {
            ByteLevel(text, ref sink);
            return;
        }

        SplitPattern pattern = splits[step];
        while (text.Length > 0)
        {
            int length = pattern.Match(text);
            Split(text[..length], step + 1, ref sink);
            text = text[length..];
        }
    }

    void ByteLevel<TSink>(ReadOnlySpan<byte> text, ref TSink sink)
        where TSink : IPieceSink, allows ref struct
    {
        if (addPrefixSpace && !text.StartsWith(" "u8))
        {
            byte[] prefixed = [(byte)' ', .. text];
            text = prefixed;
        }

        if (last is null)
        {
            sink.Add(text);
            return;
        }

        while (text.Length > 0)
        {
            int length = last.Match(text);
            sink.Add(text[..length]);
            text = text[length..];
        }
    }
}
