namespace Octet.Tokenizers.PreTokenizers;

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
