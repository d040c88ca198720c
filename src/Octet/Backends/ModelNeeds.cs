namespace Octet.Backends;

/// <summary>Parts of models that a backend may not have.</summary>
[Flags]
enum ModelParts
{
    /// <summary>Grouped-query attention and gated layers, mixtures among them.</summary>
    None = 0,

    /// <summary>Attention over latents (DeepSeek's MLA).</summary>
    LatentAttention = 1,

    /// <summary>Recurrent layers (Qwen3-Next's gated delta rule).</summary>
    Recurrence = 2,

    /// <summary>Layers that see a whole text at once, before and behind (BERT and its kind).</summary>
    Encoder = 4,

    /// <summary>Factors or norms of the stream, of heads or of what is added that Llama and Qwen do not have, keys that several layers read (Gemma 4, Granite, OLMo 2).</summary>
    ScaledStream = 8,

    /// <summary>Feed-forward layers that are not gated (Nemotron).</summary>
    PlainFeedForward = 16,
}

/// <summary>What a model needs of a backend, as its config says before anything of its weights is read.</summary>
/// <param name="Architecture">What it is, for messages.</param>
/// <param name="Parts">Beside what every backend has.</param>
/// <param name="HeadDims">Elements of its attention heads; none for those of other parts.</param>
sealed record ModelNeeds(string Architecture, ModelParts Parts, IReadOnlyList<int> HeadDims);
