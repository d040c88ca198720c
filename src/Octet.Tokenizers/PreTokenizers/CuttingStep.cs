namespace Octet.Tokenizers.PreTokenizers;

/// <summary>A step with another behind it.</summary>
abstract class CuttingStep(PieceStep next) : PieceStep
{
    protected PieceStep Next => next;

    protected void Hand(ReadOnlySpan<byte> piece, int at, TokenWriter writer)
    {
        if (!piece.IsEmpty)
        {
            next.Take(piece, at, writer);
        }
    }
}
