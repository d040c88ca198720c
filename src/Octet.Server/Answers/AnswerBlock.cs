using System.Text;

namespace Octet.Server.Answers;

/// <summary>A stretch of an answer that is of one kind: text, reasoning, a call.</summary>
/// <param name="kind"><see cref="OutputKind.Text"/>, <see cref="OutputKind.Reasoning"/>, or <see cref="OutputKind.CallStart"/> for a call.</param>
/// <param name="index">Which of the answer's, from 0.</param>
sealed class AnswerBlock(OutputKind kind, int index)
{
    internal OutputKind Kind => kind;

    internal int Index => index;

    /// <summary>Of a call the tool's name.</summary>
    internal string Name { get; init; } = "";

    /// <summary>Of a call the id that the model gave it; null: none.</summary>
    internal string? CallId { get; init; }

    /// <summary>The text, or a call's arguments, so far.</summary>
    internal StringBuilder Text { get; } = new();

    /// <summary>Of a call: it turned out to be none, and what the model wrote of it follows as text.</summary>
    internal bool IsBroken { get; set; }
}
