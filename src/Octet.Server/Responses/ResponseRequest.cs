using System.Text.Json;
using System.Text.Json.Nodes;
using Octet.Server.Answers;
using Octet.Server.Http;

namespace Octet.Server.Responses;

/// <summary>What a request for a response asks for, beside its input.</summary>
sealed record ResponseRequest
{
    /// <summary>The model's name; null: the default one.</summary>
    internal string? Model { get; init; }

    internal bool Stream { get; init; }

    internal bool Store { get; init; }

    /// <summary>Whether the response is made while nobody waits for it.</summary>
    internal bool Background { get; init; }

    internal string? Instructions { get; init; }

    internal string? PreviousId { get; init; }

    internal required ResponseTools Tools { get; init; }

    internal OutputForm Form { get; init; }

    internal GenerationOptions Options { get; init; } = new();

    internal ReasoningWish Reasoning { get; init; }

    /// <summary>Whether reasoning comes with a word that stands for it, for clients that send back nothing else.</summary>
    internal bool SealsReasoning { get; init; }

    /// <summary>Fields that the response says again, as they were.</summary>
    internal JsonObject Said { get; init; } = [];

    internal static ResponseRequest Read(Fields fields)
    {
        UnsupportedFields.Refuse(
            fields,
            ("conversation", "use previous_response_id"),
            ("prompt", "the server has no templates of its own"),
            ("moderation", "the server judges no text"));
        bool store = fields.Flag("store") ?? true;
        bool background = fields.Flag("background") ?? false;
        if (background && !store)
        {
            throw ApiException.Invalid("background", "background is true and store is false; expected a response that is stored, since nobody waits for it");
        }

        if (fields.Word("truncation", "disabled", "auto") == "auto")
        {
            throw ApiException.Unsupported("truncation", "truncation is \"auto\"; expected \"disabled\": a conversation that does not fit is refused");
        }

        ResponseTools tools = ResponseTools.Read(fields);
        var said = new JsonObject();
        foreach (string name in (string[])["metadata", "tool_choice", "text", "user", "temperature", "top_p", "max_output_tokens"])
        {
            said[name] = fields.Node(name);
        }

        return new ResponseRequest
        {
            Model = fields.Text("model"),
            Stream = fields.Flag("stream") ?? false,
            Store = store,
            Background = background,
            Instructions = fields.Text("instructions"),
            PreviousId = fields.Text("previous_response_id"),
            Tools = tools,
            SealsReasoning = (fields.List("include") ?? []).Any(static item => item.Json.ValueKind == JsonValueKind.String && item.Json.ValueEquals("reasoning.encrypted_content"u8)),
            Form = OutputForms.ReadResponse(fields),
            Options = SamplingFields.Read(fields, fields.Integer("max_output_tokens", 1)) with { LogProbabilities = LogProbabilities.ReadResponse(fields) },
            Reasoning = ReasoningWish.Read(fields),
            Said = said,
        };
    }

    /// <summary>The conversation that is to be answered.</summary>
    /// <param name="turns">All of it but the instructions.</param>
    /// <param name="model">Who answers.</param>
    internal Conversation Conversation(IEnumerable<ChatTurn> turns, LanguageModel model)
        => new(
            Instructions is { } instructions ? [new ChatTurn("system", instructions), .. turns] : [.. turns],
            Reasoning.ApplyTo(new PromptOptions(), model),
            Options,
            Tools.Set,
            Form)
        {
            Reasoning = Reasoning,
        };
}
