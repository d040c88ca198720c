using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// Hunyuan, dense: Llama whose query and key heads are normed after they have turned, with a base that is stretched once for all (alpha). After transformers'
/// <c>modeling_hunyuan_v1_dense.py</c>.
/// </summary>
static class Hunyuan
{
    internal static FamilyDefaults Defaults { get; } = new() { VocabSize = 290_943, MaxPositions = 2048, Epsilon = 1e-5 };

    internal static DecoderSpec Read(FamilyConfig config) => config.Uniform(ReadAttention(config, out int longest), config.Gated(Gating.Silu) with { HasBias = config.Flag("mlp_bias") }, longest);

    internal static AttentionSpec ReadAttention(FamilyConfig config, out int longest)
    {
        config.RequireActivation("hidden_act", "silu");
        bool bias = config.Flag("attention_bias");
        (Rotary rotary, longest) = new RotaryReader(config.Json) { DefaultTheta = 10_000, StretchesOnce = true }.Read(config.HeadDim, config.MaxPositions);
        return new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, rotary)
        {
            HasInputBias = bias,
            HasOutputBias = bias,
            HasHeadNorms = config.Json.TryBoolean("use_qk_norm") ?? true,
            HeadNormNames = ("query_layernorm", "key_layernorm"),
            NormsTurned = true,
        };
    }
}
