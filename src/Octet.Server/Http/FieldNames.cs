using System.Text.RegularExpressions;

namespace Octet.Server.Http;

/// <summary>The fields of requests that set <see cref="GenerationOptions"/> and <see cref="EmbeddingOptions"/>, by the names of those.</summary>
static partial class FieldNames
{
    static readonly Dictionary<string, string> s_names = new(StringComparer.Ordinal)
    {
        [nameof(GenerationOptions.MaxTokens)] = "max_tokens",
        [nameof(GenerationOptions.MinTokens)] = "min_tokens",
        [nameof(GenerationOptions.Temperature)] = "temperature",
        [nameof(GenerationOptions.TopK)] = "top_k",
        [nameof(GenerationOptions.TopP)] = "top_p",
        [nameof(GenerationOptions.MinP)] = "min_p",
        [nameof(GenerationOptions.TypicalP)] = "typical_p",
        [nameof(GenerationOptions.RepetitionPenalty)] = "repetition_penalty",
        [nameof(GenerationOptions.PresencePenalty)] = "presence_penalty",
        [nameof(GenerationOptions.FrequencyPenalty)] = "frequency_penalty",
        [nameof(GenerationOptions.LogitBias)] = "logit_bias",
        [nameof(GenerationOptions.ReasoningBudget)] = "thinking_token_budget",
        [nameof(GenerationOptions.StopStrings)] = "stop",
        [nameof(GenerationOptions.StopTokenIds)] = "stop_token_ids",
        [nameof(GenerationOptions.BannedTokenIds)] = "banned_token_ids",
        [nameof(GenerationOptions.AllowedTokenIds)] = "allowed_token_ids",
        [nameof(GenerationOptions.Seed)] = "seed",
        [nameof(EmbeddingOptions.Dimensions)] = "dimensions",
    };

    internal static bool IsOption(string name) => s_names.ContainsKey(name);

    internal static string Of(string name) => s_names.GetValueOrDefault(name, name);

    /// <summary>A message of the library in the words of a request.</summary>
    internal static string Translate(string message) => Word.Replace(message, match => Of(match.Value));

    [GeneratedRegex("[A-Z][A-Za-z]+")]
    static partial Regex Word { get; }
}
