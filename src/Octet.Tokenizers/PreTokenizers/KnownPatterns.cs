namespace Octet.Tokenizers.PreTokenizers;

/// <summary>Patterns of published files that cover every text, with scanners for them written by hand.</summary>
static class KnownPatterns
{
    /// <summary>The scanner for a pattern that is one of them letter for letter; null for all others.</summary>
    internal static SplitPattern? Find(string regex) => regex switch
    {
        WordPattern.QwenText => new WordPattern(mostDigits: 1),
        WordPattern.LlamaText => new WordPattern(mostDigits: 3),
        Gpt2Pattern.Text => new Gpt2Pattern(),
        _ => null,
    };
}
