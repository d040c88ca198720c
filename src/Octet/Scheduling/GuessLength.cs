namespace Octet.Scheduling;

/// <summary>How many tokens the next guess at a text has: more after good ones, few after bad ones.</summary>
sealed class GuessLength
{
    internal const int Longest = 8;

    internal int Value { get; private set; } = 2;

    /// <summary>Notes how many tokens of a guess were right.</summary>
    internal void Note(int guessed, int right)
    {
        if (guessed > 0)
        {
            Value = right == guessed ? Math.Min(Longest, 2 * Value) : Math.Max(1, right);
        }
    }
}
