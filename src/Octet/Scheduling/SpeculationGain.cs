namespace Octet.Scheduling;

/// <summary>
/// Whether guessing pays: tokens for each second of steps with guesses and of steps without, as measured for as many sequences as there are
/// now. What does not pay is tried again from time to time.
/// </summary>
sealed class SpeculationGain
{
    const double Kept = 0.9;
    const int TriedEvery = 64;
    const int TriedFor = 3;

    (double Tokens, double Seconds) _plain;
    (double Tokens, double Seconds) _guessed;
    int _sequences;
    int _steps;

    /// <summary>Whether the next step, of so many sequences, is to guess.</summary>
    internal bool Pays(int sequences)
    {
        if (sequences != _sequences)
        {
            (_sequences, _plain, _guessed, _steps) = (sequences, default, default, 0);
        }

        // Some steps of each kind now and then, so that both rates are known and fresh.
        int at = _steps++ % TriedEvery;
        return at < TriedFor || (at >= 2 * TriedFor && IsFaster);
    }

    bool IsFaster => _plain.Seconds == 0 || _guessed.Seconds == 0 || _guessed.Tokens * _plain.Seconds > _plain.Tokens * _guessed.Seconds;

    /// <param name="tokens">Written in the step.</param>
    /// <param name="duration">What it took.</param>
    /// <param name="guessed">Whether it had guesses.</param>
    internal void Note(int tokens, TimeSpan duration, bool guessed)
    {
        ref (double Tokens, double Seconds) rate = ref (guessed ? ref _guessed : ref _plain);
        rate = ((rate.Tokens * Kept) + tokens, (rate.Seconds * Kept) + duration.TotalSeconds);
    }
}
