using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// GLM-4, dense: neighbouring pairs of half of each head turn, gate and up are one tensor; the models of April 2025 also norm what parts give. After
/// transformers' <c>modular_glm.py</c> and <c>modular_glm4.py</c>.
/// </summary>
static class Glm4
{
    internal static FamilyDefaults Defaults { get; } = new() { KeyValueHeads = 2, HeadDim = 128, VocabSize = 151_552, MaxPositions = 131_072, Epsilon = 1.5625e-07 };

    internal static DecoderSpec Read(FamilyConfig config)
    {
        config.RequireActivation("hidden_act", "silu");
        (Rotary rotary, int longest) = new RotaryReader(config.Json) { DefaultTheta = 10_000, AllowsPart = true, DefaultPart = 0.5, TurnsNeighbours = true }.Read(config.HeadDim, config.MaxPositions);
        var attention = new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, rotary) { HasInputBias = config.Flag("attention_bias") };
        return config.Uniform(attention, config.Gated(Gating.Silu) with { IsFused = true }, longest);
    }

    internal static DecoderSpec ReadNormed(FamilyConfig config)
        => Read(config) with { Norms = new("input_layernorm", "post_self_attn_layernorm", "post_attention_layernorm", "post_mlp_layernorm") };
}
