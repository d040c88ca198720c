using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// Phi-3, Phi-3.5, Phi-4 and Phi-4-mini: Llama with fused tensors, a part of each head turning, LongRoPE and a window in every layer. After
/// transformers' <c>modeling_phi3.py</c>.
/// </summary>
static class Phi3
{
    internal static DecoderSpec Read(FamilyConfig config)
    {
        config.RequireActivation("hidden_act", "silu");
        config.RequireFalse("attention_bias");
        (Rotary rotary, int longest) = new RotaryReader(config.Json) { DefaultTheta = 10_000, AllowsPart = true }.Read(config.HeadDim, config.MaxPositions);
        int? window = config.Json.TryInt32("sliding_window", 1);
        var attention = new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, rotary) { IsFused = true };
        return config.Uniform(attention, config.Gated(Gating.Silu) with { IsFused = true }, longest, [.. Enumerable.Repeat(window, config.Layers)]);
    }
}
