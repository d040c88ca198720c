using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// Phi-3.5-MoE, Phi-mini-MoE and Phi-tiny-MoE: LayerNorm, biases on attention and the output layer, two experts in every layer that SparseMixer chooses, LongRoPE
/// whose factors on attention are in the file. After transformers' <c>modeling_phimoe.py</c>.
/// </summary>
static class Phimoe
{
    internal static FamilyDefaults Defaults { get; } = new() { Heads = 32, KeyValueHeads = 8, VocabSize = 32_064, MaxPositions = 131_072, Epsilon = 1e-5 };

    internal static DecoderSpec Read(FamilyConfig config)
    {
        const string Chosen = "num_experts_per_tok", Tie = "tie_word_embeddings", HeadBias = "lm_head_bias";
        ConfigObject json = config.Json;
        config.RequireActivation("hidden_act", "silu");
        bool bias = config.Flag("attention_bias");
        bool headBias = config.Flag(HeadBias);
        if (headBias && config.Flag(Tie))
        {
            throw json.Unsupported(HeadBias, $"false, as {Tie} is true");
        }

        // The rule is written for two.
        if (json.Int32(Chosen, 1) != 2)
        {
            throw json.Unsupported(Chosen, "2");
        }

        double jitter = json.TryDouble("router_jitter_noise", "a number from 0 to 1", value => value is >= 0 and <= 1) ?? 0.01;
        RoutingRule rule = config.Routing(ExpertScoring.SparseMixer, "num_local_experts") with { Jitter = jitter };
        (Rotary rotary, int longest) = new RotaryReader(json) { DefaultTheta = 1_000_000, ReadsLongScales = true }.Read(config.HeadDim, config.MaxPositions);
        var attention = new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, rotary)
        {
            HasInputBias = bias,
            HasOutputBias = bias,
            Window = json.TryInt32("sliding_window", 1),
        };
        var experts = new ExpertsSpec(rule, json.Int32("intermediate_size", 1), Gating.Silu) { Name = "block_sparse_moe", LayerNames = ("w1", "w3", "w2") };
        return config.Uniform(attention, experts, longest) with
        {
            CentresNorms = true,
            HasNormBias = true,
            HasOutputBias = headBias,
        };
    }
}
