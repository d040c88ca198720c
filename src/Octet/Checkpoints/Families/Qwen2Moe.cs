using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// Qwen1.5 and Qwen2 as mixtures, with a gated shared expert, and OLMoE and FlexOlmo, which norms queries and keys over all heads together: softmax over all experts, the shares of
/// the chosen ones as they are. After transformers' <c>modeling_qwen2_moe.py</c>, <c>modular_olmoe.py</c> and <c>modular_flex_olmo.py</c>.
/// </summary>
static class Qwen2Moe
{
    internal static FamilyDefaults OlmoDefaults { get; } = new() { VocabSize = 50_304, MaxPositions = 4096, Epsilon = 1e-5 };

    internal static FamilyDefaults FlexOlmoDefaults { get; } = OlmoDefaults with { VocabSize = 100_352, Epsilon = 1e-6 };

    internal static DecoderSpec Read(FamilyConfig config)
    {
        ConfigObject json = config.Json;
        config.RequireActivation("hidden_act", "silu");
        (Rotary rotary, int longest) = new RotaryReader(json) { DefaultTheta = 10_000 }.Read(config.HeadDim, config.MaxPositions);
        var attention = new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, rotary) { HasInputBias = json.TryBoolean("qkv_bias") ?? true };
        var experts = new ExpertsSpec(Rule(config), json.Int32("moe_intermediate_size", 1), Gating.Silu)
        {
            Shared = new GatedSpec(json.Int32("shared_expert_intermediate_size", 1), Gating.Silu) { Name = "shared_expert" },
            SharedGateName = "shared_expert_gate",
        };
        return config.Layered(attention, Qwen3Moe.FeedForward(config, experts), longest, config.QwenWindows());
    }

    /// <summary>FlexOlmo: OLMoE with OLMo 2's norms.</summary>
    internal static DecoderSpec ReadFlexOlmo(FamilyConfig config) => ReadOlmo(config) with { Norms = NormPlaces.After };

    internal static DecoderSpec ReadOlmo(FamilyConfig config)
    {
        config.RequireActivation("hidden_act", "silu");
        if (config.Json.Has("clip_qkv"))
        {
            throw config.Json.Unsupported("clip_qkv", "absent or null");
        }

        bool bias = config.Flag("attention_bias");
        (Rotary rotary, int longest) = new RotaryReader(config.Json) { DefaultTheta = 10_000 }.Read(config.HeadDim, config.MaxPositions);
        var attention = new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, rotary) { HasInputBias = bias, HasOutputBias = bias, HasHeadNorms = true, NormsAllHeads = true };
        return config.Uniform(attention, new ExpertsSpec(Rule(config), config.Json.Int32("intermediate_size", 1), Gating.Silu), longest);
    }

    static RoutingRule Rule(FamilyConfig config) => config.Routing(ExpertScoring.Softmax, "num_experts") with { IsNormalised = config.Flag("norm_topk_prob") };
}
