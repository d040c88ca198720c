namespace Octet.Embeddings;

/// <summary>How a query and a document become what a reranker reads.</summary>
interface IPairTokens
{
    /// <param name="query">What is asked.</param>
    /// <param name="document">The document.</param>
    /// <param name="instruction">What is judged by, in words; null: what the model has by itself.</param>
    /// <exception cref="ModelException">The model's template refuses them, or there is no room for any of them.</exception>
    TokenText Encode(string query, string document, string? instruction);
}
