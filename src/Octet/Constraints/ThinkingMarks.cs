using System.Runtime.CompilerServices;
using Octet.Tokenizers;

namespace Octet.Constraints;

/// <summary>The tokens with which a model of this tokenizer begins and ends its reasoning (<see cref="ReasoningMarks"/>), and what it may write around them.</summary>
sealed class ThinkingMarks
{
    // Between reasoning and answer templates write an empty line.
    internal const int MostLineBreaks = 2;

    // A prompt that has the end of an (empty) reasoning here tells the model not to think.
    const int ClosedWithin = 8;

    static readonly ConditionalWeakTable<Tokenizer, ThinkingMarks> s_marks = [];

    readonly Tokenizer _tokenizer;
    readonly int[] _closing;

    ThinkingMarks(Tokenizer tokenizer, (int Token, string Close)[] opening)
    {
        _tokenizer = tokenizer;
        Opening = opening;
        _closing = [.. ReasoningMarks.All.Select(pair => tokenizer.GetId(pair.Close)).OfType<int>()];
        TokenTrie trie = TokenTrie.Of(tokenizer);
        AnyText = new ulong[(trie.VocabularySize + 63) / 64];
        foreach (int token in trie.Tokens.Where(token => !trie.IsMark(token)).Concat(_closing))
        {
            AnyText[token >> 6] |= 1UL << token;
        }

        LineBreaks = [.. trie.Tokens.Where(token => trie.Bytes(token).Length <= MostLineBreaks && trie.Bytes(token).TrimEnd((byte)'\n').IsEmpty)];
    }

    /// <summary>Tokens that begin a reasoning, each with the mark that ends it.</summary>
    internal (int Token, string Close)[] Opening { get; }

    /// <summary>A mask of what reasoning is made of: all text, and the marks that end it.</summary>
    internal ulong[] AnyText { get; }

    /// <summary>Tokens of line breaks alone, at most <see cref="MostLineBreaks"/>.</summary>
    internal int[] LineBreaks { get; }

    /// <summary>The marks of a tokenizer, found once.</summary>
    internal static ThinkingMarks Of(Tokenizer tokenizer) => s_marks.GetValue(tokenizer, static key =>
    {
        List<(int, string)> opening = [];
        foreach ((string open, string close) in ReasoningMarks.All)
        {
            if (key.GetId(open) is { } token)
            {
                opening.Add((token, close));
            }
        }

        return new ThinkingMarks(key, [.. opening]);
    });

    /// <summary>The mark that ends the reasoning which a prompt leaves open; null where it leaves none.</summary>
    internal string? LeftOpen(ReadOnlySpan<int> prompt) => ReasoningMarks.LeftOpen(prompt, _tokenizer);

    /// <summary>Whether a prompt ends with a reasoning that is over.</summary>
    internal bool IsClosed(ReadOnlySpan<int> prompt) => prompt[^Math.Min(ClosedWithin, prompt.Length)..].IndexOfAny(_closing) >= 0;

    /// <summary>What a token is in the text of a reasoning, marks included.</summary>
    internal string Text(int token) => ReasoningMarks.Text(_tokenizer, token);
}
