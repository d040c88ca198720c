using System.Text.Json.Nodes;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>What a conversation is rendered with, beside its messages; the names are those of transformers' <c>apply_chat_template</c>.</summary>
public sealed record RenderOptions
{
    /// <summary>The list of tools, each a JSON schema; <see langword="null"/>: <c>tools</c> is none to the template.</summary>
    public JsonNode? Tools { get; init; }

    /// <summary>The list of documents that the answer may draw on; <see langword="null"/>: <c>documents</c> is none to the template.</summary>
    public JsonNode? Documents { get; init; }

    /// <summary>Whether the text ends with the head of the assistant's answer. Not together with <see cref="ContinueFinalMessage"/>.</summary>
    public bool AddGenerationPrompt { get; init; }

    /// <summary>
    /// Whether the text ends with the last message's own text, so that the model goes on in it: the rendered text is cut there, and
    /// white space at its end is left out, because the token that a model would have written next holds it.
    /// </summary>
    public bool ContinueFinalMessage { get; init; }

    /// <summary>More variables, such as <c>enable_thinking</c>; they replace special tokens of the same name.</summary>
    public IReadOnlyDictionary<string, JsonNode?>? Variables { get; init; }
}
