using System.Globalization;
using Octet.Server.Answers;
using Octet.Server.Http;

namespace Octet.Server.OpenAI;

/// <summary>What a completion (<c>/v1/completions</c>) asks for.</summary>
sealed record CompletionRequest
{
    // OpenAI's own default.
    const int DefaultMaxTokens = 16;

    /// <summary>The model's name; null: the default one.</summary>
    internal required string? Model { get; init; }

    /// <summary>Of each prompt its text, or its tokens.</summary>
    internal required IReadOnlyList<(string? Text, int[]? Ids)> Prompts { get; init; }

    /// <summary>Answers to each prompt.</summary>
    internal required int Choices { get; init; }

    internal required bool Stream { get; init; }

    internal required bool IncludeUsage { get; init; }

    /// <summary>Whether the prompt is part of the text.</summary>
    internal required bool Echo { get; init; }

    /// <summary>How many likeliest tokens are told at each place; null: no probabilities at all.</summary>
    internal required int? LogProbs { get; init; }

    /// <summary>Whether the tokenizer's own tokens are put around a text.</summary>
    internal required bool AddSpecialTokens { get; init; }

    internal required GenerationOptions Options { get; init; }

    /// <summary>What continuations must be.</summary>
    internal required OutputForm Form { get; init; }

    internal static CompletionRequest Read(Fields fields, OctetServerOptions options)
    {
        UnsupportedFields.Refuse(
            fields,
            ("suffix", "models here continue a text"),
            ("bad_words", "use logit_bias"),
            ("use_beam_search", "answers are sampled, or greedy at temperature 0"),
            ("include_stop_str_in_output", "what ended a text is no part of it"),
            ("prompt_logprobs", "use echo and logprobs"));
        int choices = fields.Integer("n", 1, options.MaxChoices) ?? 1;
        if (fields.Integer("best_of", 1) is { } best && best != choices)
        {
            throw ApiException.Unsupported("best_of", "best_of is not supported: it must be n, if it is there");
        }

        IReadOnlyList<(string? Text, int[]? Ids)> prompts = PromptInputs.Read(fields, "prompt", options.MaxInputs);
        if ((long)prompts.Count * choices > options.MaxInputs)
        {
            throw ApiException.Invalid("n", string.Create(CultureInfo.InvariantCulture, $"{prompts.Count} prompts with {choices} answers each; expected at most {options.MaxInputs} answers in a request"));
        }

        bool stream = fields.Flag("stream") ?? false;
        int? logProbs = fields.Integer("logprobs", 0, LogProbabilities.MostAlternatives);
        return new CompletionRequest
        {
            Model = fields.Text("model"),
            Prompts = prompts,
            Choices = choices,
            Stream = stream,
            IncludeUsage = stream && fields.Object("stream_options")?.Flag("include_usage") == true,
            Echo = fields.Flag("echo") ?? false,
            LogProbs = logProbs,
            Form = OutputForms.ReadExtras(fields),
            AddSpecialTokens = fields.Flag("add_special_tokens") ?? true,
            Options = SamplingFields.Read(fields, fields.Integer("max_tokens", 0) ?? DefaultMaxTokens) with { LogProbabilities = logProbs, ReasoningBudget = ReasoningWish.ReadBudget(fields) is >= 0 and var budget ? budget : null },
        };
    }
}
