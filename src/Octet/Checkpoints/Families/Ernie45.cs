using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>ERNIE 4.5, dense: Llama whose neighbouring pairs turn, with biases where the file says so. After transformers' <c>modular_ernie4_5.py</c>.</summary>
static class Ernie45
{
    internal static FamilyDefaults Defaults { get; } = new() { KeyValueHeads = 2, HeadDim = 128, VocabSize = 103_424, MaxPositions = 131_072, Epsilon = 1e-5, TiesEmbeddings = true };

    internal static DecoderSpec Read(FamilyConfig config) => config.Uniform(ReadAttention(config, out int longest), config.Gated(Gating.Silu) with { HasBias = config.Flag("use_bias") }, longest);

    internal static AttentionSpec ReadAttention(FamilyConfig config, out int longest)
    {
        config.RequireActivation("hidden_act", "silu");
        bool bias = config.Flag("use_bias");
        (Rotary rotary, longest) = new RotaryReader(config.Json) { DefaultTheta = 500_000, TurnsNeighbours = true }.Read(config.HeadDim, config.MaxPositions);
        return new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, rotary) { HasInputBias = bias, HasOutputBias = bias };
    }
}
