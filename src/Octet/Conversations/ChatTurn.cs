using System.Text.Json.Nodes;

namespace Octet;

/// <summary>One message of a conversation, as OpenAI's API and chat templates have it.</summary>
/// <param name="Role"><c>system</c>, <c>user</c>, <c>assistant</c> or <c>tool</c>: what the model's chat template knows.</param>
/// <param name="Content">The message's text; null where there is none, as beside <see cref="ToolCalls"/>.</param>
public sealed record ChatTurn(string Role, string? Content)
{
    /// <summary>
    /// The message's text in parts, instead of <see cref="Content"/>. A template that knows parts gets them one by one; any other gets them
    /// as one text, a part a line. Parts that are not text (pictures, sound) are not supported.
    /// </summary>
    public IReadOnlyList<string>? ContentParts { get; init; }

    /// <summary>What an assistant thought before it answered, without marks around it: <c>reasoning_content</c>.</summary>
    public string? ReasoningContent { get; init; }

    /// <summary>The tools that an assistant called.</summary>
    public IReadOnlyList<ChatToolCall>? ToolCalls { get; init; }

    /// <summary>Of a <c>tool</c> message: the <see cref="ChatToolCall.Id"/> that it answers.</summary>
    public string? ToolCallId { get; init; }

    /// <summary>Who speaks; of a <c>tool</c> message the name of the tool.</summary>
    public string? Name { get; init; }

    /// <summary>Whatever else the template is to see of the message, by name. Not changed, and not to be changed while it is in use.</summary>
    public IReadOnlyDictionary<string, JsonNode?>? More { get; init; }

    /// <summary>Reads a message in OpenAI's form: <c>{"role":"...","content":"..."}</c>, with <c>tool_calls</c>, <c>reasoning_content</c> and so on.</summary>
    /// <param name="message">The message.</param>
    /// <exception cref="ModelException">It is not a message; the text says which key is wrong and what was expected.</exception>
    public static ChatTurn FromJson(JsonNode? message) => ChatTurnJson.Read(message);

    /// <summary>The message in OpenAI's form, which <see cref="FromJson"/> reads back.</summary>
    public JsonObject ToJson() => ChatTurnJson.Write(this);
}
