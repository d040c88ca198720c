using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// Mixtral, and MiniMax-M2: mixtures whose experts' layers are called w1, w3 and w2. Mixtral is Mistral with a softmax over all experts; MiniMax-M2 norms queries and
/// keys over all heads together, turns a part of each head, and chooses by logistic scores with a correction. After transformers' <c>modeling_mixtral.py</c> and <c>modular_minimax_m2.py</c>.
/// </summary>
static class Mixtral
{
    const string Block = "block_sparse_moe";

    internal static FamilyDefaults Defaults { get; } = new() { KeyValueHeads = 8, VocabSize = 32_000, MaxPositions = 131_072, Epsilon = 1e-5 };

    internal static FamilyDefaults MiniMaxDefaults { get; } = new() { HeadDim = 128, MaxPositions = 196_608, Epsilon = 1e-6 };

    internal static DecoderSpec Read(FamilyConfig config)
    {
        (Rotary rotary, int longest) = new RotaryReader(config.Json) { DefaultTheta = 1_000_000 }.Read(config.HeadDim, config.MaxPositions);
        var attention = new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, rotary) { Window = config.Json.TryInt32("sliding_window", 1) };
        return config.Uniform(attention, Experts(config, config.Routing(ExpertScoring.Softmax, "num_local_experts") with { IsNormalised = true }), longest);
    }

    internal static DecoderSpec ReadMiniMax(FamilyConfig config)
    {
        ConfigObject json = config.Json;
        config.RequireSetting("scoring_func", "sigmoid");
        if (json.IsFalse("use_qk_norm") || (json.TryString("qk_norm_type") ?? "per_layer") != "per_layer")
        {
            throw json.Unsupported(json.IsFalse("use_qk_norm") ? "use_qk_norm" : "qk_norm_type", "absent, or true and \"per_layer\"");
        }

        (Rotary rotary, int longest) = new RotaryReader(json) { DefaultTheta = 5_000_000, AllowsPart = true, SizeKey = "rotary_dim" }.Read(config.HeadDim, config.MaxPositions);
        var attention = new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, rotary) { HasHeadNorms = true, NormsAllHeads = true, Window = json.TryInt32("sliding_window", 1) };
        ExpertsSpec experts = Experts(config, config.Routing(ExpertScoring.Logistic, "num_local_experts") with { IsNormalised = true }) with
        {
            CorrectionName = json.IsFalse("use_routing_bias") ? null : "e_score_correction_bias",
        };
        return config.Uniform(attention, experts, longest) with { Unused = config.MoreTokenLayers(), UnusedBeside = [("mtp.", DecoderSpec.MoreTokens), ("model.mtp.", DecoderSpec.MoreTokens)] };
    }

    static ExpertsSpec Experts(FamilyConfig config, RoutingRule rule)
    {
        config.RequireActivation("hidden_act", "silu");
        return new ExpertsSpec(rule, config.Json.Int32("intermediate_size", 1), Gating.Silu) { Name = Block, LayerNames = ("w1", "w3", "w2") };
    }
}
