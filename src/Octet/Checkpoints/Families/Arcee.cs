using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// Llama with feed-forward layers that are not gated, whose function is max(x, 0)^2: Arcee's AFM, and Nemotron 3 and 4 (Minitron), which turn a part of each head and
/// whose norms take off the mean, multiply by 1 + w and add a bias. After transformers' <c>modular_arcee.py</c> and <c>modeling_nemotron.py</c>.
/// </summary>
static class Arcee
{
    internal static FamilyDefaults Defaults { get; } = new() { VocabSize = 32_000, MaxPositions = 4096, Epsilon = 1e-5 };

    internal static FamilyDefaults NemotronDefaults { get; } = new() { EpsilonKey = "norm_eps", VocabSize = 256_000, MaxPositions = 4096, Epsilon = 1e-5 };

    internal static DecoderSpec Read(FamilyConfig config) => Read(config, new RotaryReader(config.Json) { DefaultTheta = 10_000 });

    internal static DecoderSpec ReadNemotron(FamilyConfig config)
        => Read(config, new RotaryReader(config.Json) { DefaultTheta = 10_000, AllowsPart = true, DefaultPart = OlderPart(config.Json, "rope_percent") ?? OlderPart(config.Json, "rope_percentage") ?? 0.5 }) with
        {
            NormOffset = 1,
            CentresNorms = true,
            HasNormBias = true,
        };

    static double? OlderPart(ConfigObject json, string key) => json.TryDouble(key, "a number above 0, at most 1", value => value is > 0 and <= 1);

    static DecoderSpec Read(FamilyConfig config, RotaryReader reader)
    {
        config.RequireActivation("hidden_act", "relu2");
        bool bias = config.Flag("attention_bias");
        (Rotary rotary, int longest) = reader.Read(config.HeadDim, config.MaxPositions);
        var attention = new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, rotary) { HasInputBias = bias, HasOutputBias = bias };
        return config.Uniform(attention, new PlainSpec(config.Json.Int32("intermediate_size", 1), Nonlinearity.SquaredRelu) { HasBias = config.Flag("mlp_bias") }, longest);
    }
}
