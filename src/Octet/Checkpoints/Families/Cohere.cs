using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// Command R, R7B and A: one LayerNorm whose output attention and feed-forward part both see, neighbouring pairs turn, logits have a factor; since R7B three
/// layers of four have a window, and the others no positions. After transformers' <c>modeling_cohere.py</c> and <c>modular_cohere2.py</c>.
/// </summary>
static class Cohere
{
    const int Pattern = 4;
    const int DefaultWindow = 4096;

    internal static FamilyDefaults Defaults { get; } = new() { EpsilonKey = "layer_norm_eps", VocabSize = 256_000, MaxPositions = 8192, Epsilon = 1e-5, TiesEmbeddings = true };

    internal static DecoderSpec Read(FamilyConfig config)
    {
        config.RequireFalse("use_qk_norm");
        (AttentionSpec attention, int longest) = ReadAttention(config);
        return WithBlock(config, config.Uniform(attention, config.Gated(Gating.Silu), longest));
    }

    internal static DecoderSpec ReadWithWindows(FamilyConfig config)
    {
        (AttentionSpec attention, int longest) = ReadAttention(config);
        bool[] sliding = config.SlidingLayers() ?? config.AllButEvery(config.Json.TryInt32("sliding_window_pattern", 1) ?? config.Json.TryInt32("_sliding_window_pattern", 1) ?? Pattern);
        int? window = config.Window(DefaultWindow);
        GatedSpec feedForward = config.Gated(Gating.Silu);
        return WithBlock(config, config.Layered(layer => sliding[layer] ? attention with { Window = window } : attention with { Rotary = Rotary.None }, _ => feedForward, longest));
    }

    static (AttentionSpec Attention, int Longest) ReadAttention(FamilyConfig config)
    {
        config.RequireActivation("hidden_act", "silu");
        bool bias = config.Flag("attention_bias");
        (Rotary rotary, int longest) = new RotaryReader(config.Json) { DefaultTheta = 500_000, TurnsNeighbours = true }.Read(config.HeadDim, config.MaxPositions);
        return (new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, rotary) { HasInputBias = bias, HasOutputBias = bias }, longest);
    }

    static DecoderSpec WithBlock(FamilyConfig config, DecoderSpec spec) => spec with
    {
        Norms = new("input_layernorm", null, null, null),
        CentresNorms = true,
        IsParallel = true,
        LogitScale = (float)config.Factor("logit_scale", 0.0625),
    };
}
