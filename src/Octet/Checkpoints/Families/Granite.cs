using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// Granite 3: Llama with factors on embeddings, scores of attention, what is added to the stream, and logits; dense, or mixtures of experts.
/// After transformers' <c>modular_granite.py</c>, <c>modular_granitemoe.py</c> and <c>modular_granitemoeshared.py</c>.
/// </summary>
static class Granite
{
    internal static FamilyDefaults Defaults { get; } = new() { VocabSize = 32_000, MaxPositions = 2048, Epsilon = 1e-6 };

    internal static DecoderSpec Read(FamilyConfig config)
    {
        GatedSpec feedForward = config.Gated(Gating.Silu) with { HasBias = config.Flag("mlp_bias") };
        return WithFactors(config, config.Uniform(ReadAttention(config, out int longest), feedForward, longest));
    }

    /// <summary>The mixtures of Granite 3, with a dense layer beside the experts where the file says how wide.</summary>
    internal static DecoderSpec ReadMixture(FamilyConfig config)
    {
        FeedForwardSpec experts = ReadMixture(config, sharedOtherwise: 0);
        return WithFactors(config, config.Uniform(ReadAttention(config, out int longest), experts, longest));
    }

    /// <summary>A mixture beside a dense layer, or one of them.</summary>
    /// <param name="config">The file.</param>
    /// <param name="sharedOtherwise">The width of the dense layer where the file has none; null: it must.</param>
    internal static FeedForwardSpec ReadMixture(FamilyConfig config, int? sharedOtherwise)
    {
        const string Experts = "num_local_experts", Shared = "shared_intermediate_size";
        const string Block = "block_sparse_moe.";
        int width = config.Json.TryInt32(Shared, 0) ?? sharedOtherwise ?? config.Json.Int32(Shared, 1);
        GatedSpec? shared = width == 0 ? null : new GatedSpec(width, Gating.Silu)
        {
            Name = "shared_mlp",
            IsFused = true,
            FusedName = "input_linear",
            LayerNames = ("", "", "output_linear"),
        };

        // The best experts' shares of their own sum are a softmax over the best ones' logits.
        return config.Json.TryInt32(Experts, 0) == 0 ? shared ?? throw config.Json.Unexpected(Shared, "a whole number from 1, as there are no experts")
            : new ExpertsSpec(config.Routing(ExpertScoring.Softmax, Experts) with { IsNormalised = true }, config.Json.Int32("intermediate_size", 1), Gating.Silu)
            {
                Name = "",
                RouterName = Block + "router.layer",
                ApartName = Block + "experts",
                StackedNames = (Block + "input_linear.weight", Block + "output_linear.weight"),
                Shared = shared,
            };
    }

    internal static AttentionSpec ReadAttention(FamilyConfig config, out int longest)
    {
        config.RequireActivation("hidden_act", "silu");
        bool bias = config.Flag("attention_bias");
        (Rotary rotary, longest) = new RotaryReader(config.Json) { DefaultTheta = 10_000 }.Read(config.HeadDim, config.MaxPositions);
        return new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, rotary) { HasInputBias = bias, HasOutputBias = bias, Scale = config.Factor("attention_multiplier") };
    }

    /// <summary>The factors that are the same in all models of the family.</summary>
    internal static DecoderSpec WithFactors(FamilyConfig config, DecoderSpec spec) => spec with
    {
        EmbeddingScale = (float)config.Factor("embedding_multiplier"),
        ResidualScale = (float)config.Factor("residual_multiplier"),
        LogitScale = (float)(1 / config.Factor("logits_scaling")),
    };
}
