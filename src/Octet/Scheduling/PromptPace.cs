namespace Octet.Scheduling;

/// <summary>
/// How many prompt tokens a step takes beside sequences that write, so that it ends within a bound: by how long steps took. Not exact, as
/// later tokens of a prompt look at more than earlier ones; an estimate that was too low is believed less than one that was too high.
/// </summary>
/// <param name="bound">Of a step.</param>
sealed class PromptPace(TimeSpan bound)
{
    // Prompts go on at least this fast, and with as many tokens as there are sequences that write, also where a step without them takes as
    // long as the bound: each then costs the others a step of twice the rows, and there is an end to it.
    internal const int LeastTokens = 8;

    // Kept for what an estimate cannot know.
    const double Share = 0.8;
    const double Recent = 0.3;

    double _alone;
    double _perToken;
    int _last = LeastTokens;

    /// <summary>Tokens for the next step, beside <paramref name="writing"/> sequences, of at most <paramref name="most"/>; not more than twice those of the last one.</summary>
    internal int Tokens(int writing, int most)
    {
        double room = _perToken > 0 ? ((bound.TotalSeconds * Share) - _alone) / _perToken : _last;
        return (int)Math.Min(most, Math.Max(Math.Max(LeastTokens, writing), Math.Min(room, 2.0 * _last)));
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
            _alone = _alone == 0 ? seconds : (Recent * seconds) + ((1 - Recent) * _alone);
            return;
        }

        _last = promptTokens;
        double perToken = Math.Max(0, seconds - _alone) / promptTokens;
        _perToken = Math.Max(perToken, (Recent * perToken) + ((1 - Recent) * _perToken));
    }
}
