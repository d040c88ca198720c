using System.Globalization;
using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// Falcon-H1: attention and a state space (Mamba-2) side by side in every layer, then a gated layer, with factors on nearly everything. After transformers'
/// <c>modular_falcon_h1.py</c>.
/// </summary>
static class FalconH1
{
    // In the order of the products: the gate, x, B, C and the step.
    const int SpaceFactors = 5;

    internal static FamilyDefaults Defaults { get; } = new() { Heads = 32, KeyValueHeads = 8, VocabSize = 128_000, MaxPositions = 8192, Epsilon = 1e-5 };

    internal static DecoderSpec Read(FamilyConfig config)
    {
        ConfigObject json = config.Json;
        config.RequireActivation("hidden_act", "silu");

        // Biases stand between two factors, or before one: those of no published model.
        foreach (string bias in (string[])["attention_bias", "mlp_bias", "mamba_proj_bias", "projectors_bias"])
        {
            config.RequireFalse(bias);
        }

        if (json.Has("attn_layer_indices"))
        {
            throw json.Unsupported("attn_layer_indices", "absent or null");
        }

        double[] feedForward = Factors(json, "mlp_multipliers", 2);
        AttentionSpec attention = ReadAttention(config, out int longest);
        StateSpaceSpec space = ReadSpace(config);

        // silu(m g) u is m times g * s(m g) * u.
        var gated = new GatedSpec(json.Int32("intermediate_size", 1), new Gating(GatingKind.Swish, (float)feedForward[0]))
        {
            Name = "feed_forward",
            OutputScale = feedForward[0] * feedForward[1],
        };
        return new DecoderSpec
        {
            Layers = [.. Enumerable.Repeat(new LayerSpec(attention, gated) { MixerBeside = space }, config.Layers)],
            Norms = new("input_layernorm", null, "pre_ff_layernorm", null),
            Names = new() { Norm = "final_layernorm" },
            EmbeddingScale = (float)config.Factor("embedding_multiplier"),
            LogitScale = (float)config.Factor("lm_head_multiplier"),
            LongestContext = longest,
        };
    }

    /// <summary>Queries, keys and values are made of the input times a factor: of queries it is in the scale of scores.</summary>
    static AttentionSpec ReadAttention(FamilyConfig config, out int longest)
    {
        (Rotary rotary, longest) = new RotaryReader(config.Json).Read(config.HeadDim, config.MaxPositions);
        double input = config.Factor("attention_in_multiplier");
        return new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, rotary)
        {
            Scale = input / Math.Sqrt(config.HeadDim),
            KeyScale = input * config.Factor("key_multiplier"),
            ValueScale = input,
            OutputScale = config.Factor("attention_out_multiplier"),
        };
    }

    static StateSpaceSpec ReadSpace(FamilyConfig config)
    {
        const string Heads = "mamba_n_heads", HeadDim = "mamba_d_head", Inner = "mamba_d_ssm", Norm = "mamba_rms_norm", NormFirst = "mamba_norm_before_gate";
        ConfigObject json = config.Json;
        bool normed = config.Flag(Norm);
        if (normed && (json.TryBoolean(NormFirst) ?? true))
        {
            throw json.Unsupported(NormFirst, $"false, as {Norm} is true");
        }

        long inner = json.IsNull(Inner) ? (long)config.HiddenSize * (json.TryInt32("mamba_expand", 1) ?? 2) : json.Int32(Inner, 1);
        int heads = json.Int32(Heads, 1);
        int? stated = json.IsString(HeadDim) && json.TryString(HeadDim) == "auto" ? null : json.TryInt32(HeadDim, 1);
        long headDim = stated ?? inner / heads;
        if (headDim * heads != inner || headDim > int.MaxValue)
        {
            throw json.Unexpected(Heads, string.Create(CultureInfo.InvariantCulture, $"so many that with {HeadDim} they are {Inner}, {inner}"));
        }

        StateSpaceShape shape = HybridLayers.StateSpace(json, Heads, HybridLayers.RequireHeadDim(json, HeadDim, headDim), "mamba_d_state", "mamba_n_groups", "mamba_d_conv");
        double input = config.Factor("ssm_in_multiplier");
        double[] factors = Factors(json, "ssm_multipliers", SpaceFactors);
        return new StateSpaceSpec(shape)
        {
            NormGroups = shape.Groups,
            HasNorm = normed,
            HasConvolutionBias = json.TryBoolean("mamba_conv_bias") ?? true,
            Factors = new(input * factors[0], input * factors[1], input * factors[2], input * factors[3], input * factors[4]),
            OutputScale = config.Factor("ssm_out_multiplier"),
        };
    }

    static double[] Factors(ConfigObject json, string key, int count)
        => json.TryDoubles(key, string.Create(CultureInfo.InvariantCulture, $"{count} numbers from 1e-30 to 1e30"), count, value => value is >= 1e-30 and <= 1e30) ?? [.. Enumerable.Repeat(1.0, count)];
}
