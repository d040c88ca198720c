using System.Text.Json;
using System.Text.Json.Nodes;
using Octet.Server.Answers;
using Octet.Server.Http;

namespace Octet.Server.Anthropic;

/// <summary>What a request for a message asks for.</summary>
static class MessagesRequest
{
    /// <summary>The conversation of a request.</summary>
    /// <param name="fields">Of the request.</param>
    /// <param name="model">Who is asked.</param>
    /// <param name="counts">Whether only its tokens are to be counted, which needs no <c>max_tokens</c>.</param>
    internal static Conversation Read(Fields fields, LanguageModel model, bool counts = false)
    {
        UnsupportedFields.Refuse(fields, ("mcp_servers", "the server has no tools of its own"), ("container", "the server runs no code"), ("context_management", "send what the model is to read"));
        List<ChatTurn> turns = MessageTurns.Read(fields);
        int? maxTokens = fields.Integer("max_tokens", 1) ?? (counts ? null : throw fields.Missing("max_tokens", "a whole number from 1"));
        GenerationOptions options = SamplingFields.Read(fields, maxTokens, "stop_sequences");
        ReasoningWish reasoning = ReasoningWish.ReadMessage(fields);
        PromptOptions prompt = reasoning.ApplyTo(new PromptOptions { ContinueFinalMessage = turns[^1].Role == "assistant" }, model);
        return new Conversation(turns, prompt, options, Tools(fields), OutputForms.ReadMessage(fields)) { Reasoning = reasoning };
    }

    static ToolSet Tools(Fields fields)
    {
        List<JsonObject> functions = [];
        foreach ((JsonElement json, string path) in fields.List("tools") ?? [])
        {
            var tool = new Fields(json, path);
            if (tool.Text("type") is { } type and not "custom")
            {
                throw ApiException.Unsupported(tool.At("type"), $"{tool.At("type")} is \"{type}\"; expected \"custom\": the server has no tools of its own");
            }

            functions.Add(ToolSet.Function(tool, "input_schema"));
        }

        Fields? choice = fields.Object("tool_choice");
        bool parallel = choice?.Flag("disable_parallel_tool_use") != true;
        return ToolSet.Of(functions, choice is { } given ? Choice(given) : null, parallel, "tool_choice");
    }

    static ToolChoice Choice(Fields choice) => choice.Word("type", "auto", "any", "tool", "none") switch
    {
        "auto" => new ToolChoice(ToolChoiceMode.Auto),
        "none" => new ToolChoice(ToolChoiceMode.None),
        "any" => new ToolChoice(ToolChoiceMode.Required),
        "tool" => new ToolChoice(ToolChoiceMode.Required, choice.RequiredText("name")),
        _ => throw choice.Missing("type", "\"auto\", \"any\", \"tool\" or \"none\""),
    };
}
