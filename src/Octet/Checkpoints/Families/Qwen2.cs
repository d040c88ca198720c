using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// Qwen2, Qwen2.5 and QwQ: Llama with biases on queries, keys and values, which no key of the file announces. After transformers'
/// <c>modeling_qwen2.py</c>.
/// </summary>
static class Qwen2
{
    internal static DecoderSpec Read(FamilyConfig config)
    {
        config.RequireActivation("hidden_act", "silu");
        (Rotary rotary, int longest) = new RotaryReader(config.Json) { DefaultTheta = 10_000 }.Read(config.HeadDim, config.MaxPositions);
        var attention = new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, rotary) { HasInputBias = true };
        return config.Uniform(attention, config.Gated(Gating.Silu), longest, config.QwenWindows());
    }
}
