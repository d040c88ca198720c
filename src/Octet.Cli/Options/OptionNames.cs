using System.Text.RegularExpressions;
using Octet.Quantization;

namespace Octet.Cli.Options;

/// <summary>The library's messages name properties; who typed options is told of those.</summary>
static partial class OptionNames
{
    static readonly Dictionary<string, string> s_names = new(StringComparer.Ordinal)
    {
        [nameof(GenerationOptions.MaxTokens)] = "--max-tokens",
        [nameof(GenerationOptions.MinTokens)] = "--min-tokens",
        [nameof(GenerationOptions.Temperature)] = "--temperature",
        [nameof(GenerationOptions.TopK)] = "--top-k",
        [nameof(GenerationOptions.TopP)] = "--top-p",
        [nameof(GenerationOptions.MinP)] = "--min-p",
        [nameof(GenerationOptions.TypicalP)] = "--typical-p",
        [nameof(GenerationOptions.RepetitionPenalty)] = "--repetition-penalty",
        [nameof(GenerationOptions.PresencePenalty)] = "--presence-penalty",
        [nameof(GenerationOptions.FrequencyPenalty)] = "--frequency-penalty",
        [nameof(GenerationOptions.NoRepeatNgramSize)] = "--no-repeat-ngram",
        [nameof(GenerationOptions.LogitBias)] = "--logit-bias",
        [nameof(GenerationOptions.ReasoningBudget)] = "--reasoning-budget",
        [nameof(GenerationOptions.Seed)] = "--seed",
        [nameof(GenerationOptions.StopStrings)] = "--stop",
        [nameof(GenerationOptions.StopTokenIds)] = "--stop-id",
        [nameof(GenerationOptions.IgnoreEos)] = "--ignore-eos",
        [nameof(GenerationOptions.IgnoreGenerationConfig)] = "--ignore-generation-config",
        [nameof(LanguageModelOptions.ContextLength)] = "--context",
        [nameof(LanguageModelOptions.PrefillChunk)] = "--chunk",
        [nameof(LanguageModelOptions.DraftModel)] = SpeculationOptions.DraftName,
        [nameof(EncoderOptions.BatchTokens)] = "--batch-tokens",
        [nameof(EncoderOptions.Pooling)] = "--pooling",
        [nameof(EmbeddingOptions.PromptName)] = "--prompt",
        [nameof(EmbeddingOptions.Dimensions)] = "--dims",
        [nameof(RerankOptions.Instruction)] = "--instruction",
        [nameof(QuantizationOptions.Exclude)] = "--exclude",
    };

    /// <summary>The message with options in the place of properties.</summary>
    /// <param name="message">What the library says.</param>
    /// <param name="path">A path that the message holds, whose own words stay; null: none is known.</param>
    internal static string Translate(string message, string? path = null)
        => Word.Replace(message, word => IsInside(message, path, word) ? word.Value : s_names.GetValueOrDefault(word.Value, word.Value));

    static bool IsInside(string message, string? path, Match word)
    {
        if (string.IsNullOrEmpty(path))
        {
            return false;
        }

        for (int found = message.IndexOf(path, StringComparison.Ordinal); found >= 0 && found <= word.Index; found = message.IndexOf(path, found + 1, StringComparison.Ordinal))
        {
            if (word.Index + word.Length <= found + path.Length)
            {
                return true;
            }
        }

        return false;
    }

    // Properties are words with a capital inside; paths that nobody named hold such words too, but hardly these by themselves.
    [GeneratedRegex(@"(?<![\w/\\.-])[A-Z][a-z]+(?:[A-Z][a-z]*)*(?![\w/\\-]|\.\w)")]
    static partial Regex Word { get; }
}
