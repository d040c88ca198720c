namespace Octet.Tokenizers.PreTokenizers;

/// <summary>The space that ByteLevel puts in front of a piece that does not begin with one, be it with other white space.</summary>
/// <param name="pattern">Cuts the text; null: it stays whole.</param>
/// <param name="next">The step behind.</param>
sealed class PrefixSpaceStep(SplitPattern? pattern, PieceStep next) : RewritingStep(next)
{
    protected override bool Rewrite(AlignedText text, TextBuffer into, bool first)
    {
        if (text.Bytes[0] == ' ')
        {
            return false;
        }

        into.Put(text, " "u8, 0);
        into.Keep(text, 0, text.Length);
        return true;
    }

    protected override void Cut(ReadOnlySpan<byte> text, int at, TokenWriter writer)
    {
        while (!text.IsEmpty)
        {
            int length = pattern?.Match(text) ?? text.Length;
            Hand(text[..length], at, writer);
            text = text[length..];
            at += length;
        }
    }
}

/// <summary>Writes each byte as the character that stands for it in the alphabet of ByteLevel.</summary>
sealed class AlphabetStep(PieceStep next) : RewritingStep(next)
{
    protected override bool Rewrite(AlignedText text, TextBuffer into, bool first)
    {
        for (int i = 0; i < text.Length; i++)
        {
            into.Put(text, ByteLevelAlphabet.Symbol(text.Bytes[i]), i);
        }

        return true;
    }

    protected override void Cut(ReadOnlySpan<byte> text, int at, TokenWriter writer) => Hand(text, at, writer);
}
