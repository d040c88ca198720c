using System.Globalization;
using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// Nemotron-H, Nemotron Nano 2 and Nemotron 3: layers of one part and one norm, which is a state space (Mamba-2), attention without positions, a feed-forward layer
/// with squared ReLU and no gate, or a mixture of such, chosen as DeepSeek-V3 does. After transformers' <c>modular_nemotron_h.py</c>.
/// </summary>
static class NemotronH
{
    const string Pattern = "hybrid_override_pattern";
    const string Mixer = "mixer";
    const string Space = "M", Attention = "*", Plain = "-", Experts = "E";

    static readonly string[] s_lists = ["layers_block_type", "layer_types"];

    internal static FamilyDefaults Defaults { get; } = new()
    {
        Heads = 32,
        KeyValueHeads = 8,
        HeadDim = 128,
        VocabSize = 131_072,
        MaxPositions = 4096,
        Epsilon = 1e-5,
        EpsilonKey = "layer_norm_epsilon",
        Layers = json => Array.Find(s_lists, json.Has) is { } key ? json.TryStrings(key)?.Length : json.TryString(Pattern)?.Length,
    };

    internal static DecoderSpec Read(FamilyConfig config)
    {
        ConfigObject json = config.Json;
        config.RequireActivation("mamba_hidden_act", "silu");
        config.RequireActivation("mlp_hidden_act", "relu2");
        config.RequireFalse("attention_bias");
        config.RequireFalse("mlp_bias");
        if (json.Has("sliding_window"))
        {
            throw json.Unsupported("sliding_window", "absent or null");
        }

        // Files carry rope_theta, and nothing turns.
        string[] kinds = ReadKinds(config);
        var attention = new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, Rotary.None) { Name = Mixer };
        StateSpaceSpec? space = kinds.Contains(Space) ? ReadSpace(config) : null;
        PlainSpec? plain = kinds.Contains(Plain) ? new PlainSpec(json.Int32("intermediate_size", 1), Nonlinearity.SquaredRelu) { Name = Mixer } : null;
        ExpertsSpec? experts = kinds.Contains(Experts) ? ReadExperts(config) : null;
        return new DecoderSpec
        {
            Layers =
            [
                .. kinds.Select(kind => kind switch
                {
                    Space => new LayerSpec(space, null),
                    Attention => new LayerSpec(attention, null),
                    Plain => new LayerSpec(null, plain),
                    _ => new LayerSpec(null, experts),
                }),
            ],
            Names = new("backbone.", "embeddings", "norm_f"),
            Norms = new("norm", null, "norm", null),
            LongestContext = config.MaxPositions,
            UnusedBeside = [("mtp.", DecoderSpec.MoreTokens)],
        };
    }

    static string[] ReadKinds(FamilyConfig config)
    {
        if (HybridLayers.Read(config, s_lists, ("mamba", Space), ("linear_attention", Space), ("attention", Attention), ("full_attention", Attention), ("mlp", Plain), ("moe", Experts)) is { } kinds)
        {
            return kinds;
        }

        string pattern = config.Json.String(Pattern, "a letter for each layer, M, *, - or E");
        return pattern.Length != config.Layers ? throw config.Json.Unexpected(Pattern, string.Create(CultureInfo.InvariantCulture, $"a letter for each of num_hidden_layers, {config.Layers}"))
            : pattern.AsSpan().ContainsAnyExcept("M*-E") ? throw config.Json.Unsupported(Pattern, "the letters M, *, - and E")
            : [.. pattern.Select(letter => letter.ToString())];
    }

    static StateSpaceSpec ReadSpace(FamilyConfig config)
    {
        StateSpaceShape shape = HybridLayers.StateSpace(config.Json, "mamba_num_heads", HybridLayers.HeadDim(config.Json, "mamba_head_dim"), "ssm_state_size", "n_groups", "conv_kernel");
        return new StateSpaceSpec(shape)
        {
            Name = Mixer,
            NormGroups = shape.Groups,
            HasBias = config.Flag("use_bias"),
            HasConvolutionBias = config.Json.TryBoolean("use_conv_bias") ?? true,
        };
    }

    static ExpertsSpec ReadExperts(FamilyConfig config) => config.DeepSeekExperts() with
    {
        Name = Mixer,
        Plain = Nonlinearity.SquaredRelu,
        Latent = config.Json.TryInt32("moe_latent_size", 1),
        Shared = new PlainSpec(config.Json.Int32("moe_shared_expert_intermediate_size", 1), Nonlinearity.SquaredRelu) { Name = "shared_experts" },
    };
}
