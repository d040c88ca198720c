namespace Octet.Backends;

/// <summary>Parts of models that a backend may not have.</summary>
[Flags]
enum ModelParts
{
    /// <summary>Attention with keys and values of every kind, latents among them, and feed-forward layers of every kind, mixtures of gated ones among them, however the stream is normed and scaled.</summary>
    None = 0,

    /// <summary>Layers that see a whole text at once, before and behind (BERT and its kind).</summary>
    Encoder = 1,

    /// <summary>Experts that are not gated (Nemotron 3).</summary>
    PlainExperts = 2,

    /// <summary>Two mixers in a layer, and gates with factors (Falcon-H1).</summary>
    ParallelMixers = 4,

    /// <summary>The gated delta rule with a decay for each channel (Kimi-Linear).</summary>
    ChannelDecay = 8,

    /// <summary>Experts chosen by SparseMixer, and an output layer with a bias (Phi-3.5-MoE).</summary>
    SparseMixer = 16,
}

/// <summary>What a model needs of a backend, as its config says before anything of its weights is read.</summary>
/// <param name="Architecture">What it is, for messages.</param>
/// <param name="Parts">Beside what every backend has.</param>
/// <param name="HeadDims">Elements of its attention heads; none for those of other parts.</param>
sealed record ModelNeeds(string Architecture, ModelParts Parts, IReadOnlyList<int> HeadDims)
{
    /// <summary>Elements of what the states of recurrent layers are written and read with: keys of the delta rule, B and C of state spaces.</summary>
    internal IReadOnlyList<int> StateDims { get; init; } = [];

    /// <summary>Of latent attention (MLA) the query heads, the elements of a latent, and what turns beside them.</summary>
    internal IReadOnlyList<(int Heads, int Rank, int RotaryDim)> Latents { get; init; } = [];
}
