using System.Text;
using Octet.Tokenizers;

namespace Octet.Server.Responses;

/// <summary>
/// Finds the tokens of an answer's text among all that were drawn: those of marks, reasoning and calls are none of it, and text comes later than its tokens where more
/// could make a mark of it.
/// </summary>
/// <param name="tokenizer">The model's.</param>
sealed class TextProbabilities(Tokenizer? tokenizer)
{
    readonly List<TokenLogProbability> _pending = [];

    /// <summary>Takes the token of an update; one that ended the text is none of it.</summary>
    internal void Add(GenerationUpdate update)
    {
        if (update is { LogProbability: { } token, StopTokenId: null })
        {
            _pending.Add(token);
        }
    }

    /// <summary>The tokens of a text that came: the latest that are long enough for it. Those before them were something else.</summary>
    internal IReadOnlyList<TokenLogProbability> Take(string text)
    {
        int first = _pending.Count;
        for (int left = Encoding.UTF8.GetByteCount(text); left > 0 && first > 0;)
        {
            left -= tokenizer?.GetBytes(_pending[--first].TokenId).Length ?? left;
        }

        TokenLogProbability[] tokens = [.. _pending[first..]];
        _pending.Clear();
        return tokens;
    }
}
