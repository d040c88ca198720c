namespace Octet.Scheduling;

/// <summary>
/// How many prompt tokens a step takes beside sequences that write, so that it ends within a bound: by how long steps took. Not exact, as
/// later tokens of a prompt look at more than earlier ones, and steps are not alike: their costs are taken together, but one that was beyond the bound counts by itself.
/// </summary>
/// <param name="bound">Of a step.</param>
/// <param name="least">Tokens that a step has at least, where it has some.</param>
sealed class PromptPace(TimeSpan bound, int least = 1)
{
    // What the first part of a prompt has, before it is known what a token takes.
    internal const int FirstTokens = 8;

    // Where a step without them takes nearly as long as the bound, or longer, prompts make it longer by this share: there is an end to them.
    internal const double LeastShare = 0.25;

    // After so many steps with parts of prompts one goes without, so that it is known what those that write take by now.
    internal const int LookEvery = 16;

    // The rest is for what an estimate cannot know: how long a step takes varies by a fifth.
    const double Share = 0.7;
    const double Recent = 0.3;

    double _alone;
    double _perToken;
    double _cost;
    double _tokens;
    int _last = FirstTokens;
    int _sinceAlone;

    /// <summary>Tokens for the next step, of at most <paramref name="most"/>; not more than twice those of the last one. 0: a step without.</summary>
    internal int Tokens(int most)
    {
        if (_sinceAlone >= LookEvery)
        {
            return 0;
        }

        double end = Math.Max(bound.TotalSeconds * Share, _alone * (1 + LeastShare));
        double room = _perToken > 0 ? (end - _alone) / _perToken : _last;
        return (int)Math.Min(most, Math.Max(least, Math.Min(room, 2.0 * _last)));
    }

    /// <summary>What so many tokens of a prompt take; nothing, where it is not known yet.</summary>
    internal TimeSpan Duration(int promptTokens) => TimeSpan.FromSeconds(_perToken * promptTokens);

    /// <summary>Notes what a step took.</summary>
    /// <param name="promptTokens">Those of prompts in it; 0: it was a step of sequences that write alone.</param>
    /// <param name="duration">The step's.</param>
    internal void Note(int promptTokens, TimeSpan duration)
    {
        double seconds = duration.TotalSeconds;
        if (promptTokens == 0)
        {
            _sinceAlone = 0;
            _alone = _alone == 0 ? seconds : (Recent * seconds) + ((1 - Recent) * _alone);
            return;
        }

        _sinceAlone++;
        _last = promptTokens;
        double cost = seconds - _alone;
        bool isBeyond = seconds > Math.Max(bound.TotalSeconds, _alone * (1 + LeastShare)) && cost > _perToken * promptTokens;
        _cost = isBeyond ? cost : ((1 - Recent) * _cost) + cost;
        _tokens = isBeyond ? promptTokens : ((1 - Recent) * _tokens) + promptTokens;

        // No step says that tokens cost nothing.
        _perToken = Math.Max(_cost / _tokens, _perToken / 2);
    }
}
