using System.Text;

namespace Octet.Tokenizers.PreTokenizers;

/// <summary>
/// UnicodeScripts: cuts where the script changes. Characters of no script go with what is before them; those that a text begins with are
/// dropped, and so is a text that has no others.
/// </summary>
sealed class UnicodeScriptsStep(PieceStep next) : CuttingStep(next)
{
    internal override void Take(ReadOnlySpan<byte> piece, int at, TokenWriter writer)
    {
        int start = -1;
        byte script = UnicodeScript.None;
        for (int position = 0; position < piece.Length;)
        {
            Rune.DecodeFromUtf8(piece[position..], out Rune value, out int length);
            byte found = UnicodeScript.Of(value);
            if (found != UnicodeScript.None && found != script)
            {
                if (start >= 0)
                {
                    Hand(piece[start..position], at + start, writer);
                }

                start = position;
                script = found;
            }

            position += length;
        }

        if (start >= 0)
        {
            Hand(piece[start..], at + start, writer);
        }
    }
}
