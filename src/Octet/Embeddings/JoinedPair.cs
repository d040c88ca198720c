namespace Octet.Embeddings;

/// <summary>Query and document as the tokenizer's own template joins two texts, the instruction before the query.</summary>
/// <param name="tokens">Makes tokens of both.</param>
/// <param name="hasTypes">Whether the model knows which is which.</param>
sealed class JoinedPair(EncoderTokens tokens, bool hasTypes) : IPairTokens
{
    public TokenText Encode(string query, string document, string? instruction) => tokens.EncodePair(instruction + query, document, hasTypes);
}
