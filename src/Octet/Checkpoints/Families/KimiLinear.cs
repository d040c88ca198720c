using System.Globalization;
using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// Kimi-Linear: Kimi Delta Attention in three layers of four, latent attention without positions in the others; the first layers dense, then DeepSeek-V3's
/// experts. After <c>modeling_kimi.py</c>, which is published with its weights, and vLLM's <c>kimi_linear.py</c>.
/// </summary>
static class KimiLinear
{
    // With these a state has fewer floats than an int counts.
    const int MostHeads = 1 << 12;
    const int MostDim = 1 << 9;

    const string Block = "block_sparse_moe";

    internal static FamilyDefaults Defaults { get; } = new()
    {
        HeadDimKeys = ["qk_nope_head_dim", "qk_rope_head_dim"],
        MaxPositionsKey = "model_max_length",
        MaxPositions = 1 << 20,
    };

    internal static DecoderSpec Read(FamilyConfig config)
    {
        ConfigObject json = config.Json;
        config.RequireActivation("hidden_act", "silu");

        // Of Kimi K3, which has the same model_type.
        foreach (string key in (string[])["q_lora_rank", "routed_expert_hidden_size", "attn_res_block_size"])
        {
            if (json.Has(key))
            {
                throw json.Unsupported(key, "absent or null");
            }
        }

        config.RequireFalse("mla_use_output_gate");
        if (!config.Flag("mla_use_nope"))
        {
            throw json.Has("mla_use_nope") ? json.Unsupported("mla_use_nope", "true") : json.Missing("mla_use_nope", "true");
        }

        const string Linear = "linear_attn_config";
        ConfigObject linear = json.TryObject(Linear) ?? throw json.Missing(Linear, "a JSON object with kda_layers and full_attn_layers");
        bool[] isLinear = ReadLayers(config, linear);
        KimiDeltaSpec delta = ReadDelta(linear);
        LatentAttentionSpec latent = ReadLatent(config);
        ExpertsSpec experts = ReadExperts(config);
        GatedSpec dense = config.Gated(Gating.Silu);
        int first = json.TryInt32("first_k_dense_replace", 0) ?? 0;
        int every = json.TryInt32("moe_layer_freq", 1) ?? 1;
        return config.Layered(layer => isLinear[layer] ? delta : latent, layer => layer >= first && layer % every == 0 ? experts : dense, config.MaxPositions) with
        {
            Unused = config.MoreTokenLayers(),
        };
    }

    /// <summary>For each layer whether it is recurrent. Both lists count from one.</summary>
    static bool[] ReadLayers(FamilyConfig config, ConfigObject linear)
    {
        const string Recurrent = "kda_layers", Full = "full_attn_layers";
        int[] recurrent = linear.TryInt32s(Recurrent, 1) ?? throw linear.Missing(Recurrent, "the recurrent layers, counted from one");
        int[] full = linear.TryInt32s(Full, 1) ?? throw linear.Missing(Full, "the other layers, counted from one");
        return recurrent.Concat(full).Order().SequenceEqual(Enumerable.Range(1, config.Layers))
            ? [.. Enumerable.Range(1, config.Layers).Select(recurrent.Contains)]
            : throw linear.Unexpected(Recurrent, string.Create(CultureInfo.InvariantCulture, $"numbers from 1 that with {Full} are every one of num_hidden_layers, {config.Layers}, once"));
    }

    static KimiDeltaSpec ReadDelta(ConfigObject linear)
    {
        const string Taps = "short_conv_kernel_size";
        if (linear.TryInt32(Taps, 1) is not (null or DeltaShape.Taps))
        {
            throw linear.Unsupported(Taps, DeltaShape.Taps.ToString(CultureInfo.InvariantCulture));
        }

        // Gates of Kimi K3.
        if (linear.TryBoolean("use_full_rank_gate") == true)
        {
            throw linear.Unsupported("use_full_rank_gate", "false");
        }

        if (linear.Has("gate_lower_bound"))
        {
            throw linear.Unsupported("gate_lower_bound", "absent or null");
        }

        int heads = linear.Int32("num_heads", 1, MostHeads);
        int size = linear.Int32("head_dim", 1, MostDim);
        return new KimiDeltaSpec(new DeltaShape(heads, heads, size, size) { DecaysChannels = true }, size);
    }

    static LatentAttentionSpec ReadLatent(FamilyConfig config)
    {
        ConfigObject json = config.Json;
        int plain = json.Int32("qk_nope_head_dim", 1);
        int shared = json.Int32("qk_rope_head_dim", 1);
        return new LatentAttentionSpec(config.Heads, null, json.Int32("kv_lora_rank", 1), plain, shared, json.Int32("v_head_dim", 1), Rotary.None, 1 / Math.Sqrt(plain + shared));
    }

    static ExpertsSpec ReadExperts(FamilyConfig config)
    {
        ConfigObject json = config.Json;
        config.RequireSetting("moe_router_activation_func", "sigmoid");
        int experts = json.Int32("num_experts", 1);
        int chosen = json.Int32("num_experts_per_token", 1, experts);
        int groups = json.TryInt32("num_expert_group", 1) ?? 1;
        int kept = json.TryInt32("topk_group", 1) ?? 1;
        if (json.IsFalse("use_grouped_topk") && groups > 1)
        {
            throw json.Unsupported("use_grouped_topk", "true, as num_expert_group is more than 1");
        }

        if (experts % groups != 0)
        {
            throw json.Unexpected("num_expert_group", string.Create(CultureInfo.InvariantCulture, $"a divisor of num_experts, {experts}"));
        }

        if (kept > groups || (long)kept * (experts / groups) < chosen)
        {
            throw json.Unexpected("topk_group", string.Create(CultureInfo.InvariantCulture, $"at most num_expert_group, {groups}, and so many that num_experts_per_token, {chosen}, are in them"));
        }

        int inner = json.Int32("moe_intermediate_size", 1);
        int shared = json.TryInt32("num_shared_experts", 0) ?? 0;
        if ((long)inner * shared > int.MaxValue)
        {
            throw json.Unexpected("num_shared_experts", string.Create(CultureInfo.InvariantCulture, $"at most {int.MaxValue / inner} for moe_intermediate_size {inner}"));
        }

        var rule = new RoutingRule(experts, chosen, ExpertScoring.Logistic)
        {
            IsNormalised = (json.TryBoolean("moe_renormalize") ?? true) && chosen > 1,
            Scale = (float)config.Factor("routed_scaling_factor"),
            Groups = groups,
            ChosenGroups = kept,
        };
        return new ExpertsSpec(rule, inner, Gating.Silu)
        {
            Name = Block,
            LayerNames = ("w1", "w3", "w2"),
            CorrectionName = "gate.e_score_correction_bias",
            Shared = shared == 0 ? null : new GatedSpec(inner * shared, Gating.Silu) { Name = "shared_experts" },
        };
    }
}
