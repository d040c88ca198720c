using System.Buffers;
using System.Text;

namespace Octet.Tokenizers.PreTokenizers;

/// <summary>WhitespaceSplit: what stands between white space.</summary>
sealed class WhitespaceSplitStep(PieceStep next) : CuttingStep(next)
{
    internal override void Take(ReadOnlySpan<byte> piece, int at, TokenWriter writer)
    {
        int start = 0;
        int position = 0;
        while (position < piece.Length)
        {
            int length = 1;
            byte first = piece[position];
            bool space;
            if (first < 0x80)
            {
                space = first is (byte)' ' or (>= 9 and <= 13);
            }
            else
            {
                Rune.DecodeFromUtf8(piece[position..], out Rune value, out length);
                space = Rune.IsWhiteSpace(value);
            }

            if (space)
            {
                Hand(piece[start..position], at + start, writer);
                start = position + length;
            }

            position += length;
        }

        Hand(piece[start..], at + start, writer);
    }
}
