using Octet.Tokenizers;

namespace Octet.Generation;

/// <summary>Holds one generation to so many tokens of reasoning: then what ends it comes, whatever the model says. For one thread at a time.</summary>
/// <param name="tokenizer">The model's.</param>
/// <param name="most">Tokens of reasoning, from 0.</param>
abstract class ReasoningBudget(Tokenizer tokenizer, int most)
{
    // A character has four bytes at most, and so many tokens.
    const int LongestCharacter = 4;

    readonly Queue<int> _forced = new();
    int _count;
    int _missing; // bytes of a character that has begun
    int _late; // tokens beyond the budget, for the sake of a whole character

    /// <summary>The token that comes next; null: one that the model draws.</summary>
    internal int? Forced => _forced.TryPeek(out int token) ? token : null;

    /// <summary>Tokens that may not be drawn next.</summary>
    internal virtual ReadOnlySpan<int> Banned => default;

    protected Tokenizer Tokenizer => tokenizer;

    /// <summary>Whether no more may be thought.</summary>
    protected bool IsSpent => _count >= most;

    /// <summary>Tells what stands in front of the answer, which may have begun the reasoning.</summary>
    internal abstract void Begin(ReadOnlySpan<int> prompt);

    /// <summary>Takes the next token, drawn or forced.</summary>
    internal void Accept(int token)
    {
        // What could not be forced is given up.
        if (_forced.TryDequeue(out int forced) && forced != token)
        {
            _forced.Clear();
        }

        Read(token);
    }

    protected abstract void Read(int token);

    /// <summary>Counts a token of reasoning; true where that was the last, and has not cut a character in two.</summary>
    protected bool IsLast(int token)
    {
        _count += _count < int.MaxValue ? 1 : 0;
        bool isWhole = EndsWhole(tokenizer.GetTextBytes(token));
        return IsSpent && (isWhole || ++_late >= LongestCharacter);
    }

    /// <summary>What comes next, whatever the model says: marks are the tokens that they are.</summary>
    protected void Force(string text)
    {
        foreach (int token in tokenizer.Encode(text, addSpecialTokens: false))
        {
            _forced.Enqueue(token);
        }
    }

    /// <summary>Whether a character is whole behind these bytes.</summary>
    bool EndsWhole(ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            _missing = value switch
            {
                >= 0xF0 => 3,
                >= 0xE0 => 2,
                >= 0xC0 => 1,
                >= 0x80 => Math.Max(0, _missing - 1),
                _ => 0,
            };
        }

        return _missing == 0;
    }
}
