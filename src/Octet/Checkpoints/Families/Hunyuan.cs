using System.Globalization;
using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// Hunyuan: Llama whose query and key heads are normed after they have turned, with a base that is stretched once for all (alpha); dense, or a mixture in every layer with one expert that is shared. After transformers'
/// <c>modular_hunyuan_v1_dense.py</c> and <c>modular_hunyuan_v1_moe.py</c>.
/// </summary>
static class Hunyuan
{
    internal static FamilyDefaults Defaults { get; } = new() { VocabSize = 290_943, MaxPositions = 2048, Epsilon = 1e-5 };

    internal static DecoderSpec Read(FamilyConfig config) => config.Uniform(ReadAttention(config, out int longest), config.Gated(Gating.Silu) with { HasBias = config.Flag("mlp_bias") }, longest);

    internal static DecoderSpec ReadMixture(FamilyConfig config)
    {
        ConfigObject json = config.Json;
        if (json.TryInt32("moe_layer_num_skipped", 0) is > 0)
        {
            throw json.Unsupported("moe_layer_num_skipped", "absent or 0");
        }

        config.RequireFalse("use_cla");
        int inner = json.Int32("intermediate_size", 1);
        int[] experts = PerLayer(config, "num_experts", 1) ?? throw json.Missing("num_experts", "a whole number from 1");
        int[] chosen = PerLayer(config, "moe_topk", 1) ?? [.. Enumerable.Repeat(1, config.Layers)];
        int[] inners = PerLayer(config, "moe_intermediate_size", 1) ?? [.. Enumerable.Repeat(inner, config.Layers)];
        int[] shared = PerLayer(config, "num_shared_expert", 1) ?? [.. Enumerable.Repeat(1, config.Layers)];
        AttentionSpec attention = ReadAttention(config, out int longest);
        return config.Layered(_ => attention, Experts, longest);

        FeedForwardSpec Experts(int layer) => chosen[layer] > experts[layer] ? throw json.Unexpected("moe_topk", string.Create(CultureInfo.InvariantCulture, $"at most the number of experts, {experts[layer]}"))
            : (long)inner * shared[layer] > int.MaxValue ? throw json.Unexpected("num_shared_expert", string.Create(CultureInfo.InvariantCulture, $"at most {int.MaxValue / inner} for intermediate_size {inner}"))
            : new ExpertsSpec(new RoutingRule(experts[layer], chosen[layer], ExpertScoring.Softmax) { IsNormalised = true }, inners[layer], Gating.Silu)
            {
                RouterName = "gate.wg",
                Shared = json.IsFalse("use_mixed_mlp_moe") ? null : new GatedSpec(inner * shared[layer], Gating.Silu) { Name = "shared_mlp" },
            };
    }

    /// <summary>One number for all layers, or one for each; null: the file has no such key.</summary>
    static int[]? PerLayer(FamilyConfig config, string key, int minimum) => config.Json.TryInt32s(key, minimum) switch
    {
        null => null,
        [var one] => [.. Enumerable.Repeat(one, config.Layers)],
        var all when all.Length == config.Layers => all,
        _ => throw config.Json.Unexpected(key, string.Create(CultureInfo.InvariantCulture, $"a whole number, or one for each of num_hidden_layers, {config.Layers}")),
    };

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
