namespace Octet.Server.Responses;

/// <summary>A response that is kept.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Owner">Who may see it.</param>
/// <param name="Json">The response as it was sent.</param>
/// <param name="Input">The items of its input, a JSON list.</param>
/// <param name="Turns">The conversation so far, its answer included; without instructions, which are not carried on.</param>
sealed record StoredResponse(string Id, string Owner, byte[] Json, byte[] Input, IReadOnlyList<ChatTurn> Turns)
{
    /// <summary>The events of one that was made in the background; null: it was not.</summary>
    internal ResponseEvents? Events { get; init; }

    /// <summary>About how many bytes it takes.</summary>
    internal long Bytes => Json.Length + BytesOf(Input, Turns) + (Events?.Bytes ?? 0);

    /// <summary>About how many bytes an input and its conversation take.</summary>
    internal static long BytesOf(byte[] input, IReadOnlyList<ChatTurn> turns) => input.Length + turns.Sum(static turn => 100L + (2L * (
        (turn.Content?.Length ?? 0) + (turn.ReasoningContent?.Length ?? 0) + (turn.ContentParts?.Sum(static part => part.Length) ?? 0) + (turn.ToolCalls?.Sum(static call => call.Name.Length + call.Arguments.Length) ?? 0))));
}
