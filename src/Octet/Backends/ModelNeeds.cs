namespace Octet.Backends;

/// <summary>Parts of models that a backend may not have.</summary>
[Flags]
enum ModelParts
{
    /// <summary>Grouped-query attention and feed-forward layers of every kind, mixtures of gated ones among them, however the stream is normed and scaled.</summary>
    None = 0,

    /// <summary>Attention over latents (DeepSeek's MLA).</summary>
    LatentAttention = 1,

    /// <summary>Recurrent layers (Qwen3-Next's gated delta rule).</summary>
    Recurrence = 2,

    /// <summary>Layers that see a whole text at once, before and behind (BERT and its kind).</summary>
    Encoder = 4,

    /// <summary>A soft cap on scores of attention (Gemma 2).</summary>
    AttentionCap = 8,

    /// <summary>Experts that are not gated (Nemotron 3).</summary>
    PlainExperts = 16,

    /// <summary>Attention within chunks of a text (Llama 4).</summary>
    ChunkedAttention = 32,

    /// <summary>Experts of which the inputs are weighed, not the outputs (Llama 4).</summary>
    WeighedInputs = 64,
}

/// <summary>What a model needs of a backend, as its config says before anything of its weights is read.</summary>
/// <param name="Architecture">What it is, for messages.</param>
/// <param name="Parts">Beside what every backend has.</param>
/// <param name="HeadDims">Elements of its attention heads; none for those of other parts.</param>
sealed record ModelNeeds(string Architecture, ModelParts Parts, IReadOnlyList<int> HeadDims)
{
    /// <summary>The latents that its tokens leave, and what turns beside them (MLA).</summary>
    internal IReadOnlyList<(int Rank, int RotaryDim)> Latents { get; init; } = [];
}
