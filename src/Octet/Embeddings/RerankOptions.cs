namespace Octet;

/// <summary>How documents are scored. Null leaves a choice to the model.</summary>
public sealed record RerankOptions
{
    /// <summary>What the documents are judged by, for models that are told in words, which decoders are (Qwen3-Reranker); by default the model's own prompt (<c>default_prompt_name</c>), or that of Qwen3-Reranker's model card, on web search.</summary>
    public string? Instruction { get; init; }

    /// <summary>Whether scores go through the logistic function, so that they are from 0 to 1; by default as the model's files say (<c>activation_fn</c>), and where they say nothing, as sentence-transformers has it, they do.</summary>
    public bool? Logistic { get; init; }
}
