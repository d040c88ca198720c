using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// Llama 2 and 3 and what re-uses their class: pre-norm decoder, rotary embedding (stretched by parts since 3.1), grouped-query attention,
/// SwiGLU; biases where the file says so. After transformers' <c>modeling_llama.py</c>.
/// </summary>
static class Llama
{
    internal static DecoderSpec Read(FamilyConfig config)
    {
        config.RequireActivation("hidden_act", "silu");
        bool bias = config.Flag("attention_bias");
        (Rotary rotary, int longest) = new RotaryReader(config.Json) { DefaultTheta = 10_000 }.Read(config.HeadDim, config.MaxPositions);
        var attention = new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, rotary) { HasInputBias = bias, HasOutputBias = bias };
        return config.Uniform(attention, config.Gated(Gating.Silu) with { HasBias = config.Flag("mlp_bias") }, longest);
    }
}
