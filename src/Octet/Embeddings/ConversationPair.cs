namespace Octet.Embeddings;

/// <summary>Query and document as the messages of a conversation, as rerankers are published since sentence-transformers 5.4.</summary>
/// <param name="conversation">Makes tokens of it.</param>
sealed class ConversationPair(ConversationTokens conversation) : IPairTokens
{
    public TokenText Encode(string query, string document, string? instruction) => new(conversation.EncodePair(instruction ?? "", query, document), []);
}
