using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// Qwen3 and the text part of Qwen3-VL, dense: pre-norm decoder, RMSNorm on every query and key head, rotary embedding, grouped-query attention, SwiGLU, tied or separate
/// output layer, no biases. After transformers' <c>modeling_qwen3.py</c>.
/// </summary>
static class Qwen3
{
    /// <summary>Of the text model of Qwen3-VL.</summary>
    internal static FamilyDefaults VisionDefaults { get; } = new() { HeadDim = 128, MaxPositions = 128_000, Epsilon = 1e-6 };

    internal static DecoderSpec Read(FamilyConfig config)
    {
        config.RequireActivation("hidden_act", "silu");
        config.RequireFalse("attention_bias");
        (Rotary rotary, int longest) = new RotaryReader(config.Json).Read(config.HeadDim, config.MaxPositions);
        var attention = new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, rotary) { HasHeadNorms = true };
        return config.Uniform(attention, config.Gated(Gating.Silu), longest, config.QwenWindows());
    }
}
