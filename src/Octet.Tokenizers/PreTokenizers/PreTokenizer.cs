using System.Buffers;
using System.Text;

namespace Octet.Tokenizers.PreTokenizers;

/// <summary>
/// Cuts normalised text into the pieces that the model encodes one by one: patterns in their order, each within the pieces of
/// the one before, and the prefix space of the ByteLevel step in front of the pieces of <paramref name="splits"/>.
/// </summary>
/// <param name="splits">The patterns before the ByteLevel step.</param>
/// <param name="addPrefixSpace">A piece that does not begin with white space gets a space in front.</param>
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
        if (addPrefixSpace && !StartsWithSpace(text))
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

    static bool StartsWithSpace(ReadOnlySpan<byte> text) =>
        Rune.DecodeFromUtf8(text, out Rune first, out _) == OperationStatus.Done && Rune.IsWhiteSpace(first);
}
