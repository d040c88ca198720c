using System.Text.Json;
using Octet.Server.Answers;
using Octet.Server.Http;

namespace Octet.Server.OpenAI;

/// <summary>What a chat completion asks for, beside the conversation itself.</summary>
/// <param name="Model">The model's name; null: the default one.</param>
/// <param name="Choices">How many answers.</param>
/// <param name="Stream">Whether they come in pieces.</param>
/// <param name="IncludeUsage">Whether a stream ends with the counts of tokens.</param>
sealed record ChatRequest(string? Model, int Choices, bool Stream, bool IncludeUsage)
{
    internal static ChatRequest Read(Fields fields, OctetServerOptions options)
    {
        UnsupportedFields.Refuse(
            fields,
            ("audio", "models here write text"),
            ("functions", "use tools"),
            ("function_call", "use tool_choice"),
            ("web_search_options", "the server has no tools of its own"),
            ("moderation", "the server judges no text"),
            ("bad_words", "use logit_bias"),
            ("use_beam_search", "answers are sampled, or greedy at temperature 0"),
            ("include_stop_str_in_output", "what ended an answer is no part of it"),
            ("prompt_logprobs", "use /v1/completions with echo and logprobs"),
            ("echo", "use /v1/completions"),
            ("chat_template", "the server's operator chooses the template"));
        foreach ((JsonElement json, string path) in fields.List("modalities") ?? [])
        {
            if (Fields.Text(json, path) != "text")
            {
                throw ApiException.Unsupported(path, $"{path} is {Fields.Show(json)}; expected \"text\": models here write nothing else");
            }
        }

        bool stream = fields.Flag("stream") ?? false;
        return new ChatRequest(
            fields.Text("model"),
            fields.Integer("n", 1, options.MaxChoices) ?? 1,
            stream,
            stream && fields.Object("stream_options")?.Flag("include_usage") == true);
    }

    /// <summary>The conversation, once its model is known.</summary>
    internal static Conversation Conversation(Fields fields, LanguageModel model)
    {
        ToolSet tools = ToolSet.ReadChat(fields);
        GenerationOptions options = SamplingFields.Read(fields, fields.Integer("max_completion_tokens", 1) ?? fields.Integer("max_tokens", 1)) with { LogProbabilities = LogProbabilities.ReadChat(fields) };
        return new Conversation(ChatMessages.Read(fields), TemplateFields.Read(fields, model), options, tools, OutputForms.ReadChat(fields)) { Reasoning = ReasoningWish.Read(fields) };
    }
}
