using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// GLM-4.5, 4.5-Air, 4.6 and 4.7: biases on queries, keys and values, norms of heads in some, half of each head turning, the first layers
/// dense, then DeepSeek-V3's experts with one that is shared. After transformers' <c>modeling_glm4_moe.py</c>.
/// </summary>
static class Glm4Moe
{
    internal static DecoderSpec Read(FamilyConfig config) => Read(config, config.Flag("attention_bias"));

    /// <summary>The text model of GLM-4.5V and 4.6V.</summary>
    internal static DecoderSpec ReadVision(FamilyConfig config) => Read(config, config.Json.TryBoolean("attention_bias") ?? true);

    static DecoderSpec Read(FamilyConfig config, bool inputBias)
    {
        ConfigObject json = config.Json;
        config.RequireActivation("hidden_act", "silu");
        (Rotary rotary, int longest) = new RotaryReader(json) { DefaultTheta = 10_000, AllowsPart = true, DefaultPart = 0.5 }.Read(config.HeadDim, config.MaxPositions);
        var attention = new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, rotary)
        {
            HasInputBias = inputBias,
            HasHeadNorms = config.Flag("use_qk_norm"),
        };
        return config.Layered(attention, config.DeepSeekFeedForward(firstDense: 1), longest) with { Unused = config.MoreTokenLayers() };
    }
}
