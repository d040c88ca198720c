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
