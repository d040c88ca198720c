using Octet.Tokenizers;

namespace Octet.Embeddings;

/// <summary>Texts and pairs of texts as an encoder takes them: special tokens around them, cut to its length.</summary>
sealed class EncoderTokens
{
    readonly Tokenizer _tokenizer;
    readonly int _maxTokens;
    readonly bool _lowersCase;
    readonly int[] _before, _after;

    /// <param name="tokenizer">The model's.</param>
    /// <param name="maxTokens">Of a text, or of a pair, with all that stands around it.</param>
    /// <param name="lowersCase">Whether letters become small before the tokenizer sees them.</param>
    internal EncoderTokens(Tokenizer tokenizer, int maxTokens, bool lowersCase)
    {
        _tokenizer = tokenizer;
        _maxTokens = maxTokens;
        _lowersCase = lowersCase;

        // What the tokenizer puts around any text.
        const string Probe = "a";
        int[] alone = tokenizer.Encode(Probe, addSpecialTokens: false);
        int[] whole = tokenizer.Encode(Probe);
        int at = whole.AsSpan().IndexOf(alone);
        (_before, _after) = at < 0 ? ([], []) : (whole[..at], whole[(at + alone.Length)..]);
    }

    /// <summary>One text with a prompt before it.</summary>
    internal TokenText Encode(string text, string prompt)
    {
        int[] ids = Ids(prompt + text);
        int room = Room(_before.Length + _after.Length);
        ids = [.. _before, .. ids.AsSpan(0, Math.Min(ids.Length, room)), .. _after];
        return new TokenText(ids, [], prompt.Length == 0 ? 0 : Math.Min(ids.Length, _before.Length + Ids(prompt).Length));
    }

    /// <summary>Two texts. A model without a table of two types tells them apart by separators alone.</summary>
    /// <param name="first">Of type 0.</param>
    /// <param name="second">Of type 1.</param>
    /// <param name="doublesSeparator">Whether two separators stand between them, as RoBERTa has it.</param>
    /// <param name="hasTypes">Whether the model knows types.</param>
    internal TokenText EncodePair(string first, string second, bool doublesSeparator, bool hasTypes)
    {
        int[] a = Ids(first);
        int[] b = Ids(second);
        int[] between = doublesSeparator ? [.. _after, .. _after] : _after;
        (int left, int right) = CutLongest(a.Length, b.Length, Room(_before.Length + between.Length + _after.Length));
        int[] ids = [.. _before, .. a.AsSpan(0, left), .. between, .. b.AsSpan(0, right), .. _after];
        if (!hasTypes)
        {
            return new TokenText(ids, []);
        }

        int[] types = new int[ids.Length];
        types.AsSpan(_before.Length + left + between.Length).Fill(1);
        return new TokenText(ids, types);
    }

    /// <summary>
    /// How many tokens of two texts stay so that <paramref name="room"/> holds them: the longer one is cut first, then both alike, as Hugging Face's
    /// tokenizers do it (<c>longest_first</c>).
    /// </summary>
    internal static (int First, int Second) CutLongest(int first, int second, int room)
    {
        if (first + second <= room)
        {
            return (first, second);
        }

        (int shorter, int longer) = first <= second ? (first, second) : (second, first);
        longer = shorter > room ? shorter : Math.Max(shorter, room - shorter);
        if (shorter + longer > room)
        {
            (shorter, longer) = (room / 2, (room / 2) + (room % 2));
        }

        return first <= second ? (shorter, longer) : (longer, shorter);
    }

    int Room(int special)
        => _maxTokens > special ? _maxTokens - special : throw new ModelException(ModelError.InvalidInput, $"texts of {_maxTokens} tokens: expected more than the {special} special tokens around them");

    int[] Ids(string text) => _tokenizer.Encode(_lowersCase ? text.ToLowerInvariant() : text, addSpecialTokens: false);
}
