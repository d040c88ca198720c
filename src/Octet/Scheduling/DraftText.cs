using System.Numerics.Tensors;
using Octet.Backends;
using Octet.Generation;

namespace Octet.Scheduling;

/// <summary>A text as the draft model has read it, and what that guesses to follow.</summary>
/// <param name="engine">The draft model.</param>
/// <param name="salt">Only texts with the same salt share pages.</param>
sealed class DraftText(Engine engine, string salt) : IDisposable
{
    // A token of a guess is drawn about as often as the draft takes itself and all guesses before it to be right, and saves a step of the model
    // then. Below this a step of a draft that is worth having, a third of the model's or less, costs more than that.
    const double LeastLikely = 0.3;

    readonly List<int> _guess = [];
    (int Count, PrefixCache.Block? Last) _noted;
    int _wanted;
    double _likely;

    internal InferenceSession Session { get; } = new(engine);

    internal GuessLength Length { get; } = new();

    /// <summary>Tokens that have to be read before a guess, at least the last one.</summary>
    internal int Missing => Session.Known - Session.Computed;

    internal int[] Guess => [.. _guess];

    /// <summary>Goes on with a text that begins as others did.</summary>
    internal void Begin(PrefixCache prefixes, ReadOnlySpan<int> text)
    {
        Session.Know(text);
        PrefixCache.Block? last = prefixes.Match(salt, text[..^1], Session.Sequence);
        Session.Adopt(Session.Sequence.Capacity);
        _noted = (Session.Computed / KvCacheLayout.PageTokens, last);
    }

    /// <summary>Takes wrong guesses back, and what was written since in; false where that holds a token that the draft model does not have.</summary>
    internal bool TryFollow(ReadOnlySpan<int> text)
    {
        _guess.Clear();
        int same = Math.Min(Session.Tokens.CommonPrefixLength(text), text.Length - 1);
        if (text[same..].IndexOfAnyExceptInRange(0, Session.VocabularySize - 1) >= 0)
        {
            return false;
        }

        Session.TakeBack(Session.Known - same);
        Session.Know(text[same..]);
        return true;
    }

    /// <summary>Before the step that reads what is missing: so many tokens are wanted, for which there is room.</summary>
    internal void BeginGuess(int tokens)
    {
        _wanted = tokens;
        _likely = 1;
    }

    /// <summary>Takes the likeliest token of a row that lies on a device; true where another one is to be computed behind it.</summary>
    internal bool TryExtend(RowChoice found) => float.IsFinite(found.BestTokens[0].Logit) && TryExtend(found.BestTokens[0].Id, found.Total);

    /// <summary>Takes the likeliest token as the guess's next; true where another one is to be computed behind it. Overwrites the scores.</summary>
    /// <param name="scores">Of the tokens that may be guessed.</param>
    internal bool TryExtend(Span<float> scores)
    {
        float best = LogitScan.Maximum(scores);
        if (!float.IsFinite(best))
        {
            return false;
        }

        int token = LogitScan.IndexOf(scores, best);
        TensorPrimitives.Subtract(scores, best, scores);
        TensorPrimitives.Exp(scores, scores);
        return TryExtend(token, TensorPrimitives.Sum<float>(scores));
    }

    // Weights are those beside the token's own.
    bool TryExtend(int token, double weights)
    {
        _likely /= weights;
        if (_likely < LeastLikely)
        {
            return false;
        }

        _guess.Add(token);
        if (_guess.Count == _wanted)
        {
            return false;
        }

        Session.Know([token]);
        return true;
    }

    /// <summary>Whole pages of what was written become known to other texts.</summary>
    internal void Note(PrefixCache prefixes, int written)
    {
        (int count, PrefixCache.Block? last) = _noted;
        for (; (count + 1) * KvCacheLayout.PageTokens <= Math.Min(written, Session.Computed); count++)
        {
            last = prefixes.Add(salt, last, Session.Tokens.Slice(count * KvCacheLayout.PageTokens, KvCacheLayout.PageTokens), Session.Sequence, count);
        }

        _noted = (count, last);
    }

    public void Dispose() => Session.Dispose();
}
