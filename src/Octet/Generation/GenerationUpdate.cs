namespace Octet;

/// <summary>One step of a streamed generation.</summary>
/// <param name="Text">Text that became final: whole characters, never the beginning of a stop string. Often empty.</param>
/// <param name="TokenId">The token of this step; null in the last update where it only closes the stream.</param>
/// <param name="FinishReason">Why the generation ended; null but in the last update.</param>
/// <param name="Statistics">Counts and times; null but in the last update.</param>
public readonly record struct GenerationUpdate(string Text, int? TokenId, FinishReason? FinishReason, GenerationStatistics? Statistics)
{
    /// <summary>What the model thought, where that is kept apart (<see cref="ReasoningMode.Separate"/>): as <see cref="Text"/>, what became final. Often empty.</summary>
    public string Reasoning { get => field ?? ""; init; }

    /// <summary>
    /// All that became final, in its order: of text and reasoning what <see cref="Text"/> and <see cref="Reasoning"/> have, and the calls of tools,
    /// where they come apart (<see cref="ToolCallMode.Separate"/>). Often empty.
    /// </summary>
    public IReadOnlyList<OutputPiece> Pieces { get => field ?? (Text is { Length: > 0 } ? [new OutputPiece(OutputKind.Text, Text)] : []); init; }

    /// <summary>In the last update, where a stop string ended the generation: which. Null otherwise.</summary>
    public string? StopString { get; init; }

    /// <summary>In the last update, where a token ended the generation, the model's own or one of <see cref="GenerationOptions.StopTokenIds"/>: which. Null otherwise.</summary>
    public int? StopTokenId { get; init; }

    /// <summary>How likely the token was, where that is wanted (<see cref="GenerationOptions.LogProbabilities"/>). Null otherwise.</summary>
    public TokenLogProbability? LogProbability { get; init; }
}
