namespace Octet;

/// <summary>The line breaks that a model's chat template writes around reasoning, within its marks and behind them.</summary>
/// <param name="BehindOpen">Behind the mark that opens it.</param>
/// <param name="BeforeClose">In front of the mark that closes it.</param>
/// <param name="BehindClose">Behind that, at most two.</param>
sealed record ReasoningSpacing(string BehindOpen, string BeforeClose, string BehindClose)
{
    /// <summary>No spacing has more characters.</summary>
    internal const int Longest = 8;

    /// <summary>Nothing at all.</summary>
    internal static ReasoningSpacing None { get; } = new("", "", "");

    /// <summary>As most models write it, whose templates do not show it.</summary>
    internal static ReasoningSpacing Lines { get; } = new("\n", "\n", "\n\n");

    /// <summary>Finds it in a text that a template made of an answer with reasoning.</summary>
    /// <param name="text">The text.</param>
    /// <param name="reasoning">The reasoning in it.</param>
    /// <param name="answer">What follows the reasoning.</param>
    /// <returns>Null where the two are not there, or no marks around them.</returns>
    internal static ReasoningSpacing? Find(string text, string reasoning, string answer)
    {
        int thought = text.IndexOf(reasoning, StringComparison.Ordinal);
        int behind = thought < 0 ? -1 : text.IndexOf(answer, thought + reasoning.Length, StringComparison.Ordinal);
        if (behind < 0)
        {
            return null;
        }

        string between = text[(thought + reasoning.Length)..behind];
        foreach ((string open, string close) in ReasoningMarks.All)
        {
            int opened = text.LastIndexOf(open, thought, StringComparison.Ordinal);
            int closed = between.IndexOf(close, StringComparison.Ordinal);
            if (opened >= 0 && closed >= 0)
            {
                return new ReasoningSpacing(Breaks(text[(opened + open.Length)..thought]), Breaks(between[..closed]), Breaks(between[(closed + close.Length)..]));
            }
        }

        return null;
    }

    /// <summary>Line breaks at the beginning of a text, at most two.</summary>
    static string Breaks(string text)
    {
        int count = text.Length - text.TrimStart('\n').Length;
        return new string('\n', Math.Min(count, 2));
    }
}
