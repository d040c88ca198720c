namespace Octet.Scheduling;

/// <summary>Guesses how texts go on, and keeps what it needs for that of each. Of the thread that computes.</summary>
interface IGuesser : IDisposable
{
    /// <summary>A guess for each text, empty where there is none. An error ends all guessing.</summary>
    Guesses Guess(IReadOnlyList<GuessTask> tasks);

    /// <summary>Notes how many tokens of a guess, at least one, were right.</summary>
    void Note(GenerationRequest request, int guessed, int right);

    /// <summary>Notes what a step took that had no prompt in it, guesses included.</summary>
    /// <param name="read">Tokens that were read for guesses to come: <see cref="Guesses.Read"/>.</param>
    /// <param name="duration">The step's.</param>
    void NoteStep(int read, TimeSpan duration);

    /// <summary>The request is over.</summary>
    void Forget(GenerationRequest request);
}
