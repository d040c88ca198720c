namespace Octet;

/// <summary>How long a generation took, in the two phases whose speeds have nothing in common.</summary>
/// <param name="Usage">Tokens read and written.</param>
/// <param name="TimeToFirstToken">From the request to the first generated token, waiting included.</param>
/// <param name="PromptDuration">Prefill: the model reading the prompt, up to the first generated token, waiting not included.</param>
/// <param name="GenerationDuration">Decode: from the first generated token to the last.</param>
public readonly record struct GenerationStatistics(
    TokenUsage Usage,
    TimeSpan TimeToFirstToken,
    TimeSpan PromptDuration,
    TimeSpan GenerationDuration)
{
    /// <summary>What the tokens were drawn with: <see cref="GenerationOptions.Seed"/>, or the seed that was drawn where there was none, from 0, below 2^53.</summary>
    public long Seed { get; init; }

    /// <summary>Prompt tokens that were computed, per second of <see cref="PromptDuration"/>; 0 where no time passed.</summary>
    public double PromptTokensPerSecond => Rate(Usage.PromptTokens - Usage.CachedTokens, PromptDuration);

    /// <summary>
    /// Generated tokens per second of <see cref="GenerationDuration"/>, which begins with the first token already there, so that one does
    /// not count; 0 where no time passed.
    /// </summary>
    public double TokensPerSecond => Rate(Math.Max(0, Usage.CompletionTokens - 1), GenerationDuration);

    static double Rate(int tokens, TimeSpan duration) => duration > TimeSpan.Zero ? tokens / duration.TotalSeconds : 0;
}
