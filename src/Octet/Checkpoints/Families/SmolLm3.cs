using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>SmolLM3: Llama whose every fourth layer has no positions. After transformers' <c>modular_smollm3.py</c>.</summary>
static class SmolLm3
{
    const int DefaultInterval = 4;

    internal static FamilyDefaults Defaults { get; } = new() { KeyValueHeads = 4, VocabSize = 128_256, MaxPositions = 32_768, Epsilon = 1e-6, TiesEmbeddings = true };

    internal static DecoderSpec Read(FamilyConfig config)
    {
        ConfigObject json = config.Json;
        config.RequireActivation("hidden_act", "silu");
        bool bias = config.Flag("attention_bias");
        (Rotary rotary, int longest) = new RotaryReader(json) { DefaultTheta = 2_000_000 }.Read(config.HeadDim, config.MaxPositions);
        var attention = new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, rotary) { HasInputBias = bias, HasOutputBias = bias };
        AttentionSpec still = attention with { Rotary = Rotary.None };
        bool[] turns = config.LayerFlags("no_rope_layers", "no_rope_layer_interval", DefaultInterval);
        int?[] windows = config.QwenWindows();
        GatedSpec feedForward = config.Gated(Gating.Silu) with { HasBias = config.Flag("mlp_bias") };
        return config.Layered(layer => (turns[layer] ? attention : still) with { Window = windows[layer] }, _ => feedForward, longest);
    }
}
