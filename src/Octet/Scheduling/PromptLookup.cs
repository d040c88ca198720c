namespace Octet.Scheduling;

/// <summary>Guesses how a text goes on: as behind the last place where its last three tokens stood. After Saxena, "Prompt Lookup Decoding" (2023).</summary>
sealed class PromptLookup
{
    internal const int Longest = 8;
    const int Gram = 3;

    // Where the token behind three tokens stands, the last time.
    readonly Dictionary<(int, int, int), int> _places = [];
    int _read = Gram;

    /// <summary>Tokens of the next guess: more after good ones.</summary>
    int _length = 2;

    /// <summary>A guess at what follows <paramref name="tokens"/>, the whole text; empty where the last tokens are new.</summary>
    internal int[] Guess(ReadOnlySpan<int> tokens)
    {
        // The last three themselves are not looked up in what they are part of.
        for (; _read < tokens.Length; _read++)
        {
            _places[(tokens[_read - 3], tokens[_read - 2], tokens[_read - 1])] = _read;
        }

        return tokens.Length > Gram && _places.TryGetValue((tokens[^3], tokens[^2], tokens[^1]), out int place)
            ? tokens[place..Math.Min(tokens.Length, place + _length)].ToArray()
            : [];
    }

    /// <summary>How many tokens of a guess were right.</summary>
    internal void Note(int guessed, int right)
    {
        if (guessed > 0)
        {
            _length = right == guessed ? Math.Min(Longest, 2 * _length) : Math.Max(1, right);
        }
    }
}
