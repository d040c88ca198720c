using Octet.Tokenizers;

namespace Octet.Embeddings;

/// <summary>
/// How Qwen3-Reranker is asked whether a document answers a query, where no file of the model says it: a conversation whose answer is one word, yes or no.
/// After its model card, whose program makes tokens of the three parts one by one, and cuts the middle one where all are too long.
/// </summary>
sealed class PairPrompt : IPairTokens
{
    const string Instruction = "Given a web search query, retrieve relevant passages that answer the query";

    const string Before =
        "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct provided. Note that the answer can only be \"yes\" or \"no\".<|im_end|>\n<|im_start|>user\n";

    const string After = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n";

    readonly Tokenizer _tokenizer;
    readonly int _maxTokens;
    readonly int[] _before, _after;

    /// <param name="tokenizer">The model's.</param>
    /// <param name="maxTokens">Of all parts.</param>
    internal PairPrompt(Tokenizer tokenizer, int maxTokens)
    {
        (_tokenizer, _maxTokens) = (tokenizer, maxTokens);
        _before = tokenizer.Encode(Before, addSpecialTokens: false);
        _after = tokenizer.Encode(After, addSpecialTokens: false);
    }

    /// <summary>The two answers.</summary>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="directory">For messages.</param>
    /// <exception cref="ModelException">It does not have the two words as tokens, or not the marks of a conversation.</exception>
    internal static LogitScore Answers(Tokenizer tokenizer, string directory)
    {
        _ = Id("<|im_start|>");
        _ = Id("<|im_end|>");
        return new LogitScore(Id("yes"), Id("no"));

        int Id(string token) => tokenizer.GetId(token) ?? throw new ModelException(
            ModelError.Unsupported, $"{directory}: a decoder whose tokenizer has no token {token} is not Qwen3-Reranker, the one kind of decoder that is read as a reranker without {SentenceModules.FileName}", directory);
    }

    public TokenText Encode(string query, string document, string? instruction)
    {
        int[] middle = _tokenizer.Encode($"<Instruct>: {instruction ?? Instruction}\n<Query>: {query}\n<Document>: {document}");
        int room = _maxTokens - _before.Length - _after.Length;
        return room > 0
            ? new TokenText([.. _before, .. middle.AsSpan(0, Math.Min(middle.Length, room)), .. _after], [])
            : throw new ModelException(ModelError.InvalidInput, $"texts of {_maxTokens} tokens: expected more than the {_before.Length + _after.Length} around them");
    }
}
