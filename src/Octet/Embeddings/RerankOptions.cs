namespace Octet;

/// <summary>How documents are scored. Null leaves a choice to the model.</summary>
public sealed record RerankOptions
{
    /// <summary>What the documents are judged by, for models that are told in words (Qwen3-Reranker); by default that of its model card, on web search.</summary>
    public string? Instruction { get; init; }

    /// <summary>Whether an encoder's scores go through the logistic function, so that they are from 0 to 1; by default as its config says, or where it says nothing, as sentence-transformers has it, they do. A decoder's are probabilities always.</summary>
    public bool? Logistic { get; init; }
}
