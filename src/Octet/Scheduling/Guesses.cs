namespace Octet.Scheduling;

/// <summary>What was guessed before a step, and what it cost.</summary>
/// <param name="Tokens">A guess for each text that was asked for.</param>
/// <param name="Tried">Whether any was tried, also where nothing came of it.</param>
/// <param name="Read">Tokens of texts that were read for guesses to come.</param>
/// <param name="Forward">What a model took for all this.</param>
readonly record struct Guesses(int[][] Tokens, bool Tried, int Read, TimeSpan Forward)
{
    internal static Guesses None { get; } = new([], false, 0, default);
}
