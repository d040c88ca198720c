namespace Octet.Tokenizers.PreTokenizers;

/// <summary>
/// A step that takes pieces of text and hands on what it makes of them: it cuts them, or it is the model at the end. Steps hold nothing
/// of a call, so that one chain serves all threads.
/// </summary>
abstract class PieceStep
{
    /// <summary>Takes a piece.</summary>
    /// <param name="piece">Valid UTF-8, not empty.</param>
    /// <param name="at">Where it stands in the text at hand, which the writer's origins belong to.</param>
    /// <param name="writer">What the model writes to.</param>
    internal abstract void Take(ReadOnlySpan<byte> piece, int at, TokenWriter writer);
}

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

/// <summary>A step that makes new text of each piece and cuts that.</summary>
abstract class RewritingStep(PieceStep next) : CuttingStep(next)
{
    internal sealed override void Take(ReadOnlySpan<byte> piece, int at, TokenWriter writer)
    {
        AlignedText text = writer.Tracks
            ? new AlignedText(piece, writer.OriginStarts.AsSpan(at, piece.Length), writer.OriginEnds.AsSpan(at, piece.Length))
            : new AlignedText(piece, default, default);
        int kept = writer.RentedBuffers;
        TextBuffer into = writer.RentBuffer();
        into.Clear(long.MaxValue, writer.Tracks);
        bool first = writer.Tracks ? writer.OriginStarts[at] == 0 : at == 0 && writer.AtStart;
        if (!Rewrite(text, into, first))
        {
            writer.ReturnBuffers(kept);
            Cut(piece, at, writer);
            return;
        }

        (int[] starts, int[] ends, bool atStart) = (writer.OriginStarts, writer.OriginEnds, writer.AtStart);
        if (writer.Tracks)
        {
            writer.OriginStarts = into.Starts;
            writer.OriginEnds = into.Ends;
        }

        writer.AtStart = first;
        Cut(into.Text.Bytes, 0, writer);
        (writer.OriginStarts, writer.OriginEnds, writer.AtStart) = (starts, ends, atStart);
        writer.ReturnBuffers(kept);
    }

    /// <summary>Writes the new text; false where the piece stays as it is.</summary>
    /// <param name="text">The piece.</param>
    /// <param name="into">Takes the new text.</param>
    /// <param name="first">Whether the piece begins where the original text does.</param>
    protected abstract bool Rewrite(AlignedText text, TextBuffer into, bool first);

    /// <summary>Hands on the pieces of the text.</summary>
    protected abstract void Cut(ReadOnlySpan<byte> text, int at, TokenWriter writer);
}
