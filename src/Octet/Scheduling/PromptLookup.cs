namespace Octet.Scheduling;

/// <summary>Guesses how a text goes on: as behind the last place where its last three tokens stood. After Saxena, "Prompt Lookup Decoding" (2023).</summary>
sealed class PromptLookup
{
    const int Gram = 3;

    // Where the token behind three tokens stands, the last time.
    readonly Dictionary<(int, int, int), int> _places = [];
    int _read = Gram;

    internal GuessLength Length { get; } = new();

    /// <summary>A guess at what follows <paramref name="tokens"/>, the whole text; empty where the last tokens are new.</summary>
    internal int[] Guess(ReadOnlySpan<int> tokens)
    {
        // The last three themselves are not looked up in what they are part of.
        for (; _read < tokens.Length; _read++)
        {
            _places[(tokens[_read - 3], tokens[_read - 2], tokens[_read - 1])] = _read;
        }

        return tokens.Length > Gram && _places.TryGetValue((tokens[^3], tokens[^2], tokens[^1]), out int place)
            ? tokens[place..Math.Min(tokens.Length, place + Length.Value)].ToArray()
            : [];
    }
}
