namespace Octet.Generation;

/// <summary>What became final of an answer by one token.</summary>
/// <param name="Plain">The text, where the answer is not taken apart.</param>
/// <param name="Pieces">The pieces, where it is.</param>
readonly record struct AnswerPart(string? Plain, IReadOnlyList<OutputPiece>? Pieces)
{
    internal string Text => Pieces is null ? Plain ?? "" : Join(OutputKind.Text);

    internal string Reasoning => Pieces is null ? "" : Join(OutputKind.Reasoning);

    /// <summary>This and what came after it.</summary>
    internal AnswerPart With(AnswerPart next)
        => Pieces is null ? new AnswerPart(Plain + next.Plain, null) : new AnswerPart("", [.. Pieces, .. next.Pieces ?? []]);

    string Join(OutputKind kind)
    {
        string text = "";
        foreach (OutputPiece piece in Pieces!)
        {
            text += piece.Kind == kind ? piece.Text : "";
        }

        return text;
    }
}
