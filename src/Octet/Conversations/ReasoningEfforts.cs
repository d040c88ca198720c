namespace Octet;

/// <summary>
/// The words for how much a model is to think. Clients send words that a template may refuse (Qwen3.8's takes no <c>high</c>, which is what agents send unasked), and the word is a wish: it becomes the nearest one
/// that the template takes.
/// </summary>
static class ReasoningEfforts
{
    internal const string Variable = "reasoning_effort";

    // From the least to the most.
    static readonly string[] s_words = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

    /// <summary>The nearest word, rather more than less; a word that is none of these, or has none near it, as it is.</summary>
    /// <param name="word">The word that is asked for.</param>
    /// <param name="takes">Whether the template takes one.</param>
    internal static string Nearest(string word, Func<string, bool> takes)
    {
        int asked = Array.IndexOf(s_words, word);
        if (asked < 0 || takes(word))
        {
            return word;
        }

        for (int far = 1; far < s_words.Length; far++)
        {
            // Who wants little does not want nothing.
            foreach (int at in (int[])[asked + far, asked - far])
            {
                if (at > 0 && at < s_words.Length && takes(s_words[at]))
                {
                    return s_words[at];
                }
            }
        }

        return word;
    }
}
