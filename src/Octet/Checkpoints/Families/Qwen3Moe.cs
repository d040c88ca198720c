using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// Qwen3 as a mixture of experts (30B-A3B, 235B-A22B, Coder): Qwen3's attention, softmax over all experts, the best ones with their shares
/// or with these shared out among them; some layers may be dense. After transformers' <c>modeling_qwen3_moe.py</c>.
/// </summary>
static class Qwen3Moe
{
    internal static DecoderSpec Read(FamilyConfig config) => Read(config, isVision: false);

    /// <summary>The text model of Qwen3-VL, whose shares are always shared out, and whose experts are stored as one tensor, inputs first.</summary>
    internal static DecoderSpec ReadVision(FamilyConfig config) => Read(config, isVision: true);

    static DecoderSpec Read(FamilyConfig config, bool isVision)
    {
        ConfigObject json = config.Json;
        config.RequireActivation("hidden_act", "silu");
        config.RequireFalse("attention_bias");
        (Rotary rotary, int longest) = new RotaryReader(json).Read(config.HeadDim, config.MaxPositions);
        var attention = new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, rotary) { HasHeadNorms = true };
        RoutingRule rule = config.Routing(ExpertScoring.Softmax, "num_experts", "num_local_experts") with { IsNormalised = json.TryBoolean("norm_topk_prob") ?? isVision };
        var experts = new ExpertsSpec(rule, json.Int32("moe_intermediate_size", 1), Gating.Silu) { HasInputsFirst = isVision };
        return config.Layered(attention, FeedForward(config, experts), longest, config.QwenWindows());
    }

    /// <summary>Which layers are dense: those that <c>mlp_only_layers</c> lists, and all but every <c>decoder_sparse_step</c>th.</summary>
    internal static Func<int, FeedForwardSpec> FeedForward(FamilyConfig config, ExpertsSpec experts)
    {
        int[] dense = config.Json.TryInt32s("mlp_only_layers", 0) ?? [];
        int step = config.Json.TryInt32("decoder_sparse_step", 1) ?? 1;
        return layer => dense.Contains(layer) || (layer + 1) % step != 0 ? config.Gated(Gating.Silu) : experts;
    }
}
