using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// Llama 2 and 3 and what re-uses their class: pre-norm decoder, rotary embedding (stretched by parts since 3.1), grouped-query attention,
/// SwiGLU; biases where the file says so. Seed-OSS differs in which of its layers have one. After transformers' <c>modeling_llama.py</c> and <c>modeling_seed_oss.py</c>.
/// </summary>
static class Llama
{
    internal static FamilyDefaults SeedDefaults { get; } = new() { HeadDim = 128 };

    internal static DecoderSpec Read(FamilyConfig config)
    {
        bool bias = config.Flag("attention_bias");
        return Read(config, bias, bias);
    }

    internal static DecoderSpec ReadSeed(FamilyConfig config) => Read(config, config.Json.TryBoolean("attention_bias") ?? true, config.Flag("attention_out_bias"));

    static DecoderSpec Read(FamilyConfig config, bool inputBias, bool outputBias)
    {
        config.RequireActivation("hidden_act", "silu");
        (Rotary rotary, int longest) = new RotaryReader(config.Json) { DefaultTheta = 10_000 }.Read(config.HeadDim, config.MaxPositions);
        var attention = new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, rotary) { HasInputBias = inputBias, HasOutputBias = outputBias };
        return config.Uniform(attention, config.Gated(Gating.Silu) with { HasBias = config.Flag("mlp_bias") }, longest);
    }
}
