namespace Octet;

/// <summary>Why a generation ended.</summary>
public enum FinishReason
{
    /// <summary>The model ended the text: a stop token or a stop string; or its constraint (<see cref="GenerationOptions.Constraint"/>) allows nothing more.</summary>
    Stop,

    /// <summary>The token budget or the context was used up.</summary>
    Length,

    /// <summary>The time was up (<see cref="GenerationOptions.TimeLimit"/>).</summary>
    TimeLimit,
}
