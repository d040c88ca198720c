using System.Globalization;
using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// LFM2, dense and as a mixture: short gated convolutions in most layers, attention with normed heads in the others; the mixture's first layers dense, then experts by
/// logistic scores with a correction. After transformers' <c>modular_lfm2.py</c> and <c>modular_lfm2_moe.py</c>.
/// </summary>
static class Lfm2
{
    const string Convolution = "conv", Attention = "attention";
    const string FeedForward = "feed_forward";

    internal static FamilyDefaults Defaults { get; } = new()
    {
        Heads = 32,
        KeyValueHeads = 8,
        VocabSize = 65_536,
        MaxPositions = 128_000,
        Epsilon = 1e-5,
        EpsilonKey = "norm_eps",
        TiesEmbeddings = true,
    };

    internal static DecoderSpec Read(FamilyConfig config)
    {
        GatedSpec dense = Gated(ReadInner(config.Json));
        return Read(config, _ => dense);
    }

    internal static DecoderSpec ReadMixture(FamilyConfig config)
    {
        ConfigObject json = config.Json;
        int first = json.TryInt32("num_dense_layers", 0) ?? 2;
        GatedSpec? dense = first > 0 ? Gated(json.Int32("intermediate_size", 1)) : null;
        RoutingRule rule = config.Routing(ExpertScoring.Logistic, "num_experts") with
        {
            IsNormalised = json.TryBoolean("norm_topk_prob") ?? true,
            Scale = (float)config.Factor("routed_scaling_factor"),
        };
        var experts = new ExpertsSpec(rule, json.Int32("moe_intermediate_size", 1), Gating.Silu)
        {
            Name = FeedForward,
            LayerNames = ("w1", "w3", "w2"),
            CorrectionName = json.IsFalse("use_expert_bias") ? null : "expert_bias",
        };
        return Read(config, layer => layer < first ? dense! : experts);
    }

    static DecoderSpec Read(FamilyConfig config, Func<int, FeedForwardSpec> feedForward)
    {
        ConfigObject json = config.Json;
        foreach (string key in (string[])["conv_dim", "block_dim"])
        {
            if (json.TryInt32(key, 1) is { } width && width != config.HiddenSize)
            {
                throw json.Unsupported(key, string.Create(CultureInfo.InvariantCulture, $"absent or hidden_size, {config.HiddenSize}"));
            }
        }

        if (json.IsFalse("tie_embedding"))
        {
            throw json.Unsupported("tie_embedding", "absent or true");
        }

        // Older files call the base theta.
        string theta = !json.Has("rope_theta") && !json.Has("rope_parameters") && json.Has("theta") ? "theta" : "rope_theta";
        (Rotary rotary, int longest) = new RotaryReader(json) { DefaultTheta = 1_000_000 }.Read(config.HeadDim, config.MaxPositions, "full_attention", theta);
        var attention = new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, rotary)
        {
            HasHeadNorms = true,
            HeadNormNames = ("q_layernorm", "k_layernorm"),
            OutputName = "out_proj",
        };
        var convolution = new ShortConvolutionSpec(new ConvolutionShape(config.HiddenSize, HybridLayers.Taps(json, "conv_L_cache", 3), StateFloats: 0, HasSilu: false))
        {
            HasBias = config.Flag("conv_bias"),
        };
        string[] kinds = ReadKinds(config);
        return config.Layered(layer => kinds[layer] == Convolution ? convolution : attention, feedForward, longest) with
        {
            Norms = new("operator_norm", null, "ffn_norm", null),
            Names = new() { Norm = "embedding_norm" },
        };
    }

    static string[] ReadKinds(FamilyConfig config)
    {
        int[]? attending = config.Json.TryInt32s("full_attn_idxs", 0);
        return HybridLayers.Read(config, ["layer_types"], ("conv", Convolution), ("full_attention", Attention))
            ?? [.. Enumerable.Range(0, config.Layers).Select(layer => attending is null || attending.Contains(layer) ? Attention : Convolution)];
    }

    static GatedSpec Gated(int inner) => new(inner, Gating.Silu) { Name = FeedForward, LayerNames = ("w1", "w3", "w2") };

    /// <summary>The width inside of dense layers, two thirds of what the file says rounded up where it does not say otherwise.</summary>
    static int ReadInner(ConfigObject json)
    {
        string key = json.Has("block_ff_dim") ? "block_ff_dim" : "intermediate_size";
        long inner = json.Int32(key, 1);
        if (json.TryBoolean("block_auto_adjust_ff_dim") ?? true)
        {
            const string Factor = "block_ffn_dim_multiplier";
            double factor = json.TryDouble(Factor, "a number above 0, at most 1000", value => value is > 0 and <= 1000) ?? 1;

            // Without a factor nothing is rounded; a file that does not say it has the factor 1.
            int step = json.IsNull(Factor) ? 1 : json.TryInt32("block_multiple_of", 1) ?? 256;
            inner = ((long)(factor * (2 * inner / 3)) + step - 1) / step * step;
        }

        return inner is > 0 and <= int.MaxValue ? (int)inner : throw json.Unexpected(key, "a width that fits 32 bits when it is adjusted (block_auto_adjust_ff_dim)");
    }
}
