using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// OLMo 2 and 3: what parts give is normed, not what goes in, and queries and keys are normed over all heads together; OLMo 3 has a window in three layers
/// of four, whose rotary embedding is never stretched. After transformers' <c>modular_olmo2.py</c> and <c>modular_olmo3.py</c>.
/// </summary>
static class Olmo
{
    const int Pattern = 4;

    internal static FamilyDefaults Defaults { get; } = new() { VocabSize = 50_304, MaxPositions = 2048, Epsilon = 1e-5 };

    internal static DecoderSpec Read(FamilyConfig config)
    {
        (AttentionSpec attention, int longest) = ReadAttention(config);
        return config.Uniform(attention, config.Gated(Gating.Silu), longest) with { Norms = NormPlaces.After };
    }

    internal static DecoderSpec ReadWithWindows(FamilyConfig config)
    {
        (AttentionSpec attention, int longest) = ReadAttention(config);
        int? window = config.Window(4096);
        bool[] sliding = config.SlidingLayers() ?? config.AllButEvery(Pattern);
        AttentionSpec local = attention with { Window = window, Rotary = new RotaryReader(config.Json) { DefaultTheta = 10_000 }.ReadPlain(config.HeadDim, "sliding_attention") };
        GatedSpec feedForward = config.Gated(Gating.Silu);
        return config.Layered(layer => sliding[layer] ? local : attention, _ => feedForward, longest) with { Norms = NormPlaces.After };
    }

    static (AttentionSpec Attention, int Longest) ReadAttention(FamilyConfig config)
    {
        config.RequireActivation("hidden_act", "silu");
        bool bias = config.Flag("attention_bias");
        (Rotary rotary, int longest) = new RotaryReader(config.Json) { DefaultTheta = 10_000 }.Read(config.HeadDim, config.MaxPositions, "full_attention");
        return (new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, rotary) { HasInputBias = bias, HasOutputBias = bias, HasHeadNorms = true, NormsAllHeads = true }, longest);
    }
}
