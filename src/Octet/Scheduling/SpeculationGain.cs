namespace Octet.Scheduling;

/// <summary>
/// Whether guessing pays: tokens for each second of steps with guesses and of steps without, as measured for each number of sequences. What does
/// not pay is tried again from time to time.
/// </summary>
/// <param name="longestPause">Steps between two tries, at most: twice as many after each that was in vain, from <see cref="ShortestPause"/> on.</param>
sealed class SpeculationGain(int longestPause = SpeculationGain.ShortestPause)
{
    internal const int ShortestPause = 64;

    const double Kept = 0.9;
    const int TriedFor = 3;

    // Of a token's time what guesses are taken to save, before it was measured.
    const double Hoped = 0.5;

    // Of the time until the next try what reading a text may take for this one.
    const double TryingShare = 1.0 / 32;

    readonly Dictionary<int, Rates> _rates = [];
    Rates _now = new(1);

    /// <summary>Guesses in every step, whatever it takes: for tests.</summary>
    internal bool IsForced { get; set; }

    /// <summary>Whether the next step, of so many sequences, is to guess.</summary>
    internal bool Pays(int sequences)
    {
        if (!_rates.TryGetValue(sequences, out Rates? rates))
        {
            _rates.Add(sequences, rates = new Rates(sequences));
        }

        _now = rates;
        if (rates.Steps == rates.Pause)
        {
            rates.Steps = 0;
            rates.Pause = rates.IsFaster ? ShortestPause : Math.Min(longestPause, 2 * rates.Pause);
        }

        // Some steps of each kind now and then, so that both rates are known and fresh.
        int at = rates.Steps++;
        rates.IsTrying = at < TriedFor;
        return IsForced || rates.IsTrying || (at >= 2 * TriedFor && rates.IsFaster);
    }

    /// <summary>What reading a text may take before it can be guessed on: what guesses at so many tokens are likely to save, and where they save nothing a small part of the pause between two tries.</summary>
    internal TimeSpan Worth(double tokens)
    {
        if (IsForced || _now.Plain.Tokens == 0)
        {
            return TimeSpan.MaxValue;
        }

        double plain = _now.Plain.Seconds / _now.Plain.Tokens;
        double saved = _now.Guessed.Seconds == 0 ? Hoped * plain : plain - (_now.Guessed.Seconds / _now.Guessed.Tokens);
        double trying = _now.IsTrying ? TryingShare * _now.Pause * _now.Sequences * plain : 0;
        return TimeSpan.FromSeconds(Math.Max(saved * tokens, trying));
    }

    /// <param name="tokens">Written in the step.</param>
    /// <param name="duration">What it took, guesses included.</param>
    /// <param name="guessed">Whether guesses were tried.</param>
    internal void Note(int tokens, TimeSpan duration, bool guessed)
    {
        ref (double Tokens, double Seconds) rate = ref (guessed ? ref _now.Guessed : ref _now.Plain);
        rate = ((rate.Tokens * Kept) + tokens, (rate.Seconds * Kept) + duration.TotalSeconds);
    }

    /// <summary>What was measured for a number of sequences.</summary>
    sealed class Rates(int sequences)
    {
        internal (double Tokens, double Seconds) Plain;
        internal (double Tokens, double Seconds) Guessed;

        internal int Sequences => sequences;

        /// <summary>Since the last try began.</summary>
        internal int Steps { get; set; }

        /// <summary>Steps from one try to the next.</summary>
        internal int Pause { get; set; } = ShortestPause;

        internal bool IsTrying { get; set; }

        internal bool IsFaster => Plain.Seconds == 0 || Guessed.Seconds == 0 || Guessed.Tokens * Plain.Seconds > Plain.Tokens * Guessed.Seconds;
    }
}
