using System.Buffers;
using System.Text;

namespace Octet.Tokenizers.PreTokenizers;

/// <summary>Whitespace: runs of word characters and runs of what is neither that nor white space (<c>\w+|[^\w\s]+</c>).</summary>
sealed class WhitespaceStep(PieceStep next) : CuttingStep(next)
{
    enum Kind : byte
    {
        Space,
        Word,
        Other,
    }

    static readonly Kind[] s_ascii = [.. Enumerable.Range(0, 128).Select(static value => Classify(new Rune(value)))];

    internal override void Take(ReadOnlySpan<byte> piece, int at, TokenWriter writer)
    {
        int start = 0;
        Kind run = Kind.Space;
        for (int position = 0; position < piece.Length;)
        {
            int length = 1;
            Kind kind;
            if (piece[position] < 0x80)
            {
                kind = s_ascii[piece[position]];
            }
            else
            {
                Rune.DecodeFromUtf8(piece[position..], out Rune value, out length);
                kind = Classify(value);
            }

            if (kind != run)
            {
                if (run != Kind.Space)
                {
                    Hand(piece[start..position], at + start, writer);
                }

                run = kind;
                start = position;
            }

            position += length;
        }

        if (run != Kind.Space)
        {
            Hand(piece[start..], at + start, writer);
        }
    }

    static Kind Classify(Rune value) => WordCharacter.IsWord(value) ? Kind.Word : Rune.IsWhiteSpace(value) ? Kind.Space : Kind.Other;
}
