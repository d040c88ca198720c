using System.Text.Json.Nodes;
using Octet.Checkpoints;
using Octet.Tokenizers.ChatTemplates;

namespace Octet.Embeddings;

/// <summary>
/// How texts become a conversation where the model's chat template makes the prompt: what sentence-transformers writes of it since 5.4
/// (<c>modality_config.message</c> and <c>processing_kwargs</c> of <c>sentence_bert_config.json</c>).
/// </summary>
sealed record MessageForm
{
    // What is asked of the template's caller and not of the template.
    static readonly string[] s_calls = ["chat_template", "add_generation_prompt", "restore_suffix", "tokenize", "return_dict", "return_tensors", "padding"];

    /// <summary>Whether a message's content is a list of parts, and not a text.</summary>
    internal required bool IsStructured { get; init; }

    /// <summary>The name of the template; null: the model's default one.</summary>
    internal string? Template { get; private init; }

    /// <summary>What it is rendered with beside the messages.</summary>
    internal RenderOptions Rendering { get; private init; } = new();

    /// <summary>Whether a text that is cut keeps what the template puts behind it.</summary>
    internal bool KeepsEnd { get; private init; } = true;

    /// <param name="settings"><c>sentence_bert_config.json</c>.</param>
    /// <returns>Null: texts go to the tokenizer as they are.</returns>
    /// <exception cref="ModelException">It asks for what is not implemented.</exception>
    internal static MessageForm? Read(ConfigObject settings)
    {
        if (settings.TryObject("modality_config")?.TryObject("message") is not { } message)
        {
            return null;
        }

        bool isStructured = message.TryString("format") switch
        {
            "flat" => false,
            "structured" or null => true,
            _ => throw message.Unsupported("format", "\"flat\", \"structured\""),
        };
        ConfigObject? calls = settings.TryObject("processing_kwargs")?.TryObject("chat_template");
        return calls is null ? new MessageForm { IsStructured = isStructured } : new MessageForm
        {
            IsStructured = isStructured,
            Template = calls.TryString("chat_template"),
            KeepsEnd = calls.TryBoolean("restore_suffix") ?? true,
            Rendering = new RenderOptions
            {
                AddGenerationPrompt = calls.TryBoolean("add_generation_prompt") ?? false,
                Variables = calls.Entries.Where(entry => !s_calls.Contains(entry.Name)).ToDictionary(
                    static entry => entry.Name,
                    entry => entry.Name is "tools" or "documents" or "continue_final_message" or "truncation" or "max_length"
                        ? throw calls.Refused(entry.Name, "is not implemented for models of texts")
                        : JsonNode.Parse(entry.Value.GetRawText()),
                    StringComparer.Ordinal),
            },
        };
    }

    internal JsonObject Message(string role, string text) => new()
    {
        ["role"] = role,
        ["content"] = IsStructured ? new JsonArray(new JsonObject { ["type"] = "text", ["text"] = text }) : text,
    };
}
