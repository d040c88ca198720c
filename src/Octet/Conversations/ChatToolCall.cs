namespace Octet;

/// <summary>A call of a tool by an assistant.</summary>
/// <param name="Name">The tool's name.</param>
/// <param name="Arguments">Its arguments: the text of a JSON object, as OpenAI's API has it. Templates see the object itself.</param>
public sealed record ChatToolCall(string Name, string Arguments)
{
    /// <summary>What the tool's answer names the call by: <see cref="ChatTurn.ToolCallId"/>.</summary>
    public string? Id { get; init; }
}
