namespace Octet.Server;

/// <summary>What a served model is used as.</summary>
public enum ServedModelKind
{
    /// <summary>It answers: a <see cref="LanguageModel"/>.</summary>
    Language,

    /// <summary>It makes vectors: an <see cref="EmbeddingModel"/>.</summary>
    Embedding,

    /// <summary>It scores documents: a <see cref="Octet.Reranker"/>.</summary>
    Reranker,
}
