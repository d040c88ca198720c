using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// Apertus: query and key heads are normed, feed-forward layers are not gated, and their function has numbers that were learnt. After transformers'
/// <c>modular_apertus.py</c>.
/// </summary>
static class Apertus
{
    internal static FamilyDefaults Defaults { get; } = new() { VocabSize = 131_072, MaxPositions = 65_536, Epsilon = 1e-5 };

    internal static DecoderSpec Read(FamilyConfig config)
    {
        config.RequireActivation("hidden_act", "xielu");
        config.RequireFalse("post_norm");
        if (config.Json.IsFalse("qk_norm"))
        {
            throw config.Json.Unsupported("qk_norm", "absent or true");
        }

        bool bias = config.Flag("attention_bias");
        (Rotary rotary, int longest) = new RotaryReader(config.Json) { DefaultTheta = 12_000_000 }.Read(config.HeadDim, config.MaxPositions);
        var attention = new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, rotary) { HasInputBias = bias, HasOutputBias = bias, HasHeadNorms = true };
        return config.Uniform(attention, new XieluSpec(config.Json.Int32("intermediate_size", 1)) { HasBias = config.Flag("mlp_bias") }, longest) with
        {
            Norms = new("attention_layernorm", null, "feedforward_layernorm", null),
        };
    }
}
