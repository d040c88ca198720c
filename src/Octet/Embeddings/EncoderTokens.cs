using Octet.Tokenizers;

namespace Octet.Embeddings;

/// <summary>Texts and pairs of texts as an encoder takes them: special tokens around them, cut to its length.</summary>
/// <param name="tokenizer">The model's.</param>
/// <param name="maxTokens">Of a text, or of a pair, with all that stands around it.</param>
/// <param name="lowersCase">Whether letters become small before the tokenizer sees them.</param>
/// <param name="messages">How single texts become messages of the model's chat template; null: they do not.</param>
/// <param name="directory">The model's.</param>
sealed class EncoderTokens(Tokenizer tokenizer, int maxTokens, bool lowersCase, MessageForm? messages, string directory)
{
    readonly ConversationTokens? _conversation = messages is null ? null : new(tokenizer, messages, directory, maxTokens);

    // What tokenizer.json says of truncation and padding is not the model's word, but that of who saved it last.
    readonly EncodingOptions _options = new() { Truncation = new TruncationOptions(maxTokens) };

    /// <summary>Texts, each with a prompt before it, and their white space as it is: sentence-transformers left it out up to 5.3, and gives the tokenizer all of it since.</summary>
    internal TokenText[] Encode(IReadOnlyList<string> texts, string prompt)
    {
        if (_conversation is not null)
        {
            // How many tokens a prompt has in a conversation nobody counts: poolings take all of it.
            return [.. texts.Select(text => new TokenText(_conversation.Encode(Cased(prompt), Cased(text)), []))];
        }

        int promptTokens = prompt.Length == 0 ? 0 : PromptTokens(prompt);
        return [.. tokenizer.EncodeBatch([.. texts.Select(text => Cased(prompt + text))], _options).Select(encoding => new TokenText([.. encoding.Ids], [], Math.Min(promptTokens, encoding.Ids.Count)))];
    }

    /// <summary>Two texts, of which the longer one is cut first.</summary>
    /// <param name="first">Of type 0.</param>
    /// <param name="second">Of type 1.</param>
    /// <param name="hasTypes">Whether the model knows types.</param>
    internal TokenText EncodePair(string first, string second, bool hasTypes)
    {
        TokenEncoding encoding = tokenizer.EncodePair(Cased(first), Cased(second), _options);
        return new TokenText([.. encoding.Ids], hasTypes ? [.. encoding.TypeIds] : []);
    }

    /// <summary>As sentence-transformers counts them: those of the prompt by itself, without the special token at its end.</summary>
    int PromptTokens(string prompt)
    {
        int[] ids = tokenizer.Encode(Cased(prompt));
        return ids.Length > 0 && tokenizer.IsSpecial(ids[^1]) ? ids.Length - 1 : ids.Length;
    }

    string Cased(string text) => lowersCase ? text.ToLowerInvariant() : text;
}
