using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// Granite 3, dense: Llama with factors on embeddings, scores of attention, what is added to the stream, and logits. After transformers'
/// <c>modular_granite.py</c>.
/// </summary>
static class Granite
{
    internal static FamilyDefaults Defaults { get; } = new() { VocabSize = 32_000, MaxPositions = 2048, Epsilon = 1e-6 };

    internal static DecoderSpec Read(FamilyConfig config)
    {
        GatedSpec feedForward = config.Gated(Gating.Silu) with { HasBias = config.Flag("mlp_bias") };
        return WithFactors(config, config.Uniform(ReadAttention(config, out int longest), feedForward, longest));
    }

    internal static AttentionSpec ReadAttention(FamilyConfig config, out int longest)
    {
        config.RequireActivation("hidden_act", "silu");
        bool bias = config.Flag("attention_bias");
        (Rotary rotary, longest) = new RotaryReader(config.Json) { DefaultTheta = 10_000 }.Read(config.HeadDim, config.MaxPositions);
        return new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, rotary) { HasInputBias = bias, HasOutputBias = bias, Scale = config.Factor("attention_multiplier") };
    }

    /// <summary>The factors that are the same in all models of the family.</summary>
    internal static DecoderSpec WithFactors(FamilyConfig config, DecoderSpec spec) => spec with
    {
        EmbeddingScale = (float)config.Factor("embedding_multiplier"),
        ResidualScale = (float)config.Factor("residual_multiplier"),
        LogitScale = (float)(1 / config.Factor("logits_scaling")),
    };
}
