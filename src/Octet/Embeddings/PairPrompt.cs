using Octet.Tokenizers;

namespace Octet.Embeddings;

/// <summary>
/// How Qwen3-Reranker is asked whether a document answers a query: a conversation whose answer is one word, yes or no. After its model card, whose
/// program makes tokens of the three parts one by one, and cuts the middle one where all are too long.
/// </summary>
sealed class PairPrompt
{
    const string Instruction = "Given a web search query, retrieve relevant passages that answer the query";

    const string Before =
        "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct provided. Note that the answer can only be \"yes\" or \"no\".<|im_end|>\n<|im_start|>user\n";

    const string After = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n";

    readonly Tokenizer _tokenizer;
    readonly int[] _before, _after;

    /// <param name="tokenizer">The model's.</param>
    /// <param name="directory">For messages.</param>
    /// <exception cref="ModelException">It does not have the two words as tokens, or not the marks of a conversation.</exception>
    internal PairPrompt(Tokenizer tokenizer, string directory)
    {
        _tokenizer = tokenizer;
        Yes = Id("yes");
        No = Id("no");
        _ = Id("<|im_start|>");
        _ = Id("<|im_end|>");
        _before = tokenizer.Encode(Before, addSpecialTokens: false);
        _after = tokenizer.Encode(After, addSpecialTokens: false);

        int Id(string token) => tokenizer.GetId(token) ?? throw new ModelException(
            ModelError.Unsupported, $"{directory}: a decoder whose tokenizer has no token {token} is not Qwen3-Reranker, the one kind of decoder that is read as a reranker", directory);
    }

    /// <summary>The token whose probability is the score.</summary>
    internal int Yes { get; }

    /// <summary>The other one.</summary>
    internal int No { get; }

    internal TokenText Encode(string query, string document, string? instruction, int maxTokens)
    {
        int[] middle = _tokenizer.Encode($"<Instruct>: {instruction ?? Instruction}\n<Query>: {query}\n<Document>: {document}");
        int room = maxTokens - _before.Length - _after.Length;
        return room > 0
            ? new TokenText([.. _before, .. middle.AsSpan(0, Math.Min(middle.Length, room)), .. _after], [])
            : throw new ModelException(ModelError.InvalidInput, $"texts of {maxTokens} tokens: expected more than the {_before.Length + _after.Length} around them");
    }
}
