using System.Buffers;
using System.Text;

namespace Octet.Tokenizers.PreTokenizers;

/// <summary>BertPreTokenizer: words without the white space around them, and punctuation character by character.</summary>
sealed class BertStep(PieceStep next) : CuttingStep(next)
{
    enum Kind : byte
    {
        Word,
        Space,
        Punctuation,
    }

    static readonly Kind[] s_ascii = [.. Enumerable.Range(0, 128).Select(static value => Classify(new Rune(value)))];

    internal override void Take(ReadOnlySpan<byte> piece, int at, TokenWriter writer)
    {
        PieceStep next = Next;
        int start = 0; // of the word at hand
        int position = 0;
        while (position < piece.Length)
        {
            Kind kind;
            int length = 1;
            byte first = piece[position];
            if (first < 0x80)
            {
                kind = s_ascii[first];
            }
            else
            {
                Rune.DecodeFromUtf8(piece[position..], out Rune value, out length);
                kind = Classify(value);
            }

            if (kind != Kind.Word)
            {
                if (position > start)
                {
                    next.Take(piece[start..position], at + start, writer);
                }

                if (kind == Kind.Punctuation)
                {
                    next.Take(piece.Slice(position, length), at + position, writer);
                }

                start = position + length;
            }

            position += length;
        }

        if (position > start)
        {
            next.Take(piece[start..], at + start, writer);
        }
    }

    static Kind Classify(Rune value) =>
        Rune.IsWhiteSpace(value) ? Kind.Space : PunctuationCharacter.Is(value) ? Kind.Punctuation : Kind.Word;
}
