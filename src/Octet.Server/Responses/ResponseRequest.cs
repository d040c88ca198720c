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

    internal string? Instructions { get; init; }

    internal string? PreviousId { get; init; }

    internal ToolSet Tools { get; init; } = new(null, default, true);

    internal OutputForm Form { get; init; }

    internal GenerationOptions Options { get; init; } = new();

    internal ReasoningWish Reasoning { get; init; }

    /// <summary>Fields that the response says again, as they were.</summary>
    internal JsonObject Said { get; init; } = [];

    internal static ResponseRequest Read(Fields fields)
    {
        UnsupportedFields.Refuse(
            fields,
            ("background", "a response is made while its request waits"),
            ("conversation", "use previous_response_id"),
            ("prompt", "the server has no templates of its own"),
            ("max_tool_calls", "the server has no tools of its own"),
            ("top_logprobs", "use /v1/completions"));
        foreach ((JsonElement json, string path) in fields.List("include") ?? [])
        {
            string wanted = Fields.Text(json, path);
            if (wanted.Contains("logprobs", StringComparison.Ordinal))
            {
                throw ApiException.Unsupported(path, $"{path} is \"{wanted}\", which is not supported: use /v1/completions");
            }
        }

        if (fields.Word("truncation", "disabled", "auto") == "auto")
        {
            throw ApiException.Unsupported("truncation", "truncation is \"auto\"; expected \"disabled\": a conversation that does not fit is refused");
        }

        var said = new JsonObject();
        foreach (string name in (string[])["metadata", "tools", "tool_choice", "text", "user", "temperature", "top_p", "max_output_tokens"])
        {
            said[name] = fields.Node(name);
        }

        return new ResponseRequest
        {
            Model = fields.Text("model"),
            Stream = fields.Flag("stream") ?? false,
            Store = fields.Flag("store") ?? true,
            Instructions = fields.Text("instructions"),
            PreviousId = fields.Text("previous_response_id"),
            Tools = ToolSet.ReadResponse(fields),
            Form = OutputForms.ReadResponse(fields),
            Options = SamplingFields.Read(fields, fields.Integer("max_output_tokens", 1)),
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
            Tools,
            Form) { Reasoning = Reasoning };
}
