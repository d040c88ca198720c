namespace Octet.Checkpoints.Families;

/// <summary>
/// K-EXAONE: EXAONE 4's attention between Llama's norms, the first layers dense, then DeepSeek-V3's experts with one that is shared. After transformers'
/// <c>modular_exaone_moe.py</c>.
/// </summary>
static class ExaoneMoe
{
    internal static DecoderSpec Read(FamilyConfig config)
    {
        config.RequireActivation("hidden_act", "silu");
        if (config.Json.TryDoubles("swiglu_limits", "a number for each layer", config.Layers, _ => true) is { } limits && limits.Any(limit => limit != 0))
        {
            throw config.Json.Unsupported("swiglu_limits", "absent, or 0 for every layer");
        }

        Func<int, AttentionSpec> attention = Exaone4.ReadAttention(config, out int longest);
        Func<int, FeedForwardSpec> feedForward = config.DeepSeekFeedForward(firstDense: 1);
        return config.Layered(attention, layer => feedForward(layer) is ExpertsSpec experts ? experts with { OtherCorrectionName = "e_score_correction_bias" } : feedForward(layer), longest) with
        {
            UnusedBeside = [("mtp.", DecoderSpec.MoreTokens)],
        };
    }
}
