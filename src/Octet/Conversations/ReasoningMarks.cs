using Octet.Tokenizers;

namespace Octet;

/// <summary>What models write around their reasoning.</summary>
static class ReasoningMarks
{
    /// <summary>Pairs of opening and closing marks: most models'; Seed-OSS's; Magistral's.</summary>
    internal static readonly (string Open, string Close)[] All = [("<think>", "</think>"), ("<seed:think>", "</seed:think>"), ("[THINK]", "[/THINK]")];

    internal static bool IsMark(string text) => Array.Exists(All, pair => text == pair.Open || text == pair.Close);

    /// <summary>
    /// The closing mark of the reasoning that a prompt leaves open for the answer to go on in, as templates of models that always think do; null
    /// where there is none. What a user writes of marks does not count: only what is behind the last special token, the head of the answer.
    /// </summary>
    internal static string? LeftOpen(ReadOnlySpan<int> prompt, Tokenizer tokenizer)
    {
        int start = prompt.Length;
        while (start > 0 && !(tokenizer.IsSpecial(prompt[start - 1]) && !IsMark(tokenizer.GetToken(prompt[start - 1])!)))
        {
            start--;
        }

        string head = tokenizer.Decode(prompt[start..]);
        foreach ((string open, string close) in All)
        {
            int at = head.LastIndexOf(open, StringComparison.Ordinal);
            if (at >= 0 && head.IndexOf(close, at, StringComparison.Ordinal) < 0 && (start > 0 || string.IsNullOrWhiteSpace(head[(at + open.Length)..])))
            {
                return close;
            }
        }

        return null;
    }
}
