using System.Text;
using Octet.Tokenizers;

namespace Octet;

/// <summary>What models write around their reasoning.</summary>
static class ReasoningMarks
{
    /// <summary>Pairs of opening and closing marks: most models'; Seed-OSS's; Magistral's; Gemma 4's; Command's; Apertus'; EXAONE Deep's.</summary>
    internal static readonly (string Open, string Close)[] All =
    [
        ("<think>", "</think>"), ("<seed:think>", "</seed:think>"), ("[THINK]", "[/THINK]"), ("<|channel>thought", "<channel|>"), ("<|START_THINKING|>", "<|END_THINKING|>"),
        ("<|inner_prefix|>", "<|inner_suffix|>"), ("<thought>", "</thought>"),
    ];

    // Gemma's opening mark is a token and a word.
    internal static bool IsMark(string text) => text == "<|channel>" || Array.Exists(All, pair => text == pair.Open || text == pair.Close);

    /// <summary>What a token is in the text of a reasoning, marks included.</summary>
    internal static string Text(Tokenizer tokenizer, int token)
        => tokenizer.GetTextBytes(token) is { } bytes ? Encoding.UTF8.GetString(bytes) : tokenizer.GetToken(token) ?? "";

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

        return LeftOpen(tokenizer.Decode(prompt[start..]), start > 0);
    }

    /// <param name="head">The end of the prompt.</param>
    /// <param name="isAnswer">Whether it is all the answer's; else only a mark at its end counts.</param>
    internal static string? LeftOpen(string head, bool isAnswer)
    {
        foreach ((string open, string close) in All)
        {
            int at = head.LastIndexOf(open, StringComparison.Ordinal);
            if (at >= 0 && head.IndexOf(close, at, StringComparison.Ordinal) < 0 && (isAnswer || string.IsNullOrWhiteSpace(head[(at + open.Length)..])))
            {
                return close;
            }
        }

        return null;
    }
}
