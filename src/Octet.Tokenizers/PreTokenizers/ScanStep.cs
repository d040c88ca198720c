namespace Octet.Tokenizers.PreTokenizers;

/// <summary>Cuts with a pattern that covers every text.</summary>
sealed class ScanStep(SplitPattern pattern, PieceStep next) : CuttingStep(next)
{
    internal override void Take(ReadOnlySpan<byte> piece, int at, TokenWriter writer)
    {
        PieceStep next = Next;
        while (!piece.IsEmpty)
        {
            int length = pattern.Match(piece);
            next.Take(piece[..length], at, writer);
            piece = piece[length..];
            at += length;
        }
    }
}
