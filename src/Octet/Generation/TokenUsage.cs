namespace Octet;

/// <summary>How many tokens a generation read and wrote.</summary>
/// <param name="PromptTokens">Tokens of the prompt, those served from a cache included.</param>
/// <param name="CompletionTokens">Tokens generated, the one that ended the text included.</param>
/// <param name="CachedTokens">Those of the prompt that the session had computed before.</param>
public readonly record struct TokenUsage(int PromptTokens, int CompletionTokens, int CachedTokens = 0)
{
    /// <summary>Prompt and completion together.</summary>
    public long TotalTokens => (long)PromptTokens + CompletionTokens;
}
