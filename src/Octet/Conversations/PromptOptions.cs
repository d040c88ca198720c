using System.Text.Json.Nodes;

namespace Octet;

/// <summary>What a conversation is turned into a prompt with, beside its messages. JSON given here is not changed, and not to be changed while it is in use.</summary>
public sealed record PromptOptions
{
    /// <summary>The tools that the model may call, a list in OpenAI's form (<c>{"type":"function","function":{...}}</c>); null: none.</summary>
    public JsonNode? Tools { get; init; }

    /// <summary>Documents that the answer may draw on, for templates that know them; null: none.</summary>
    public JsonNode? Documents { get; init; }

    /// <summary>Variables of the template, by name. They go before what <see cref="Thinking"/> sets.</summary>
    public IReadOnlyDictionary<string, JsonNode?>? Variables { get; init; }

    /// <summary>
    /// Whether the model is to think before it answers: sets <c>enable_thinking</c> or <c>thinking</c>, whichever the template knows
    /// (<see cref="LanguageModel.ThinkingVariable"/>). Null: as the template has it.
    /// </summary>
    public bool? Thinking { get; init; }

    /// <summary>Whether the beginning of an answer is written behind the last message; it is not where that goes on (<see cref="ContinueFinalMessage"/>).</summary>
    internal bool AddGenerationPrompt { get; init; } = true;

    /// <summary>
    /// Whether the answer goes on in the last message, an assistant's, instead of being a message of its own (<c>continue_final_message</c>).
    /// White space at the end of that message is left out: the model's next token brings it.
    /// </summary>
    public bool ContinueFinalMessage { get; init; }
}
