namespace Octet;

/// <summary>How many tokens a generation read and wrote.</summary>
/// <param name="PromptTokens">Tokens of the prompt, those served from a cache included.</param>
/// <param name="CompletionTokens">Tokens generated, the one that ended the text included.</param>
public readonly record struct TokenUsage(int PromptTokens, int CompletionTokens)
{
    /// <summary>Prompt and completion together.</summary>
    public long TotalTokens => (long)PromptTokens + CompletionTokens;
}
