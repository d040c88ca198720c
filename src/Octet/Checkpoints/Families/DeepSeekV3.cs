using System.Globalization;
using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// DeepSeek-V3, R1 and V3.1: latent attention with a rotating part of neighbouring pairs, some dense layers, then mixtures of many experts. GLM-4.7-Flash is the
/// same with one dense layer, Mistral Small 4 chooses otherwise. After transformers' <c>modeling_deepseek_v3.py</c>, <c>modeling_glm4_moe_lite.py</c> and <c>modular_mistral4.py</c>.
/// </summary>
static class DeepSeekV3
{
    const int MostRank = 1 << 24;

    internal static FamilyDefaults Defaults { get; } = new() { HeadDimKeys = ["qk_nope_head_dim", "qk_rope_head_dim"] };

    internal static DecoderSpec Read(FamilyConfig config) => Read(config, firstDense: 3);

    internal static DecoderSpec ReadGlmLite(FamilyConfig config) => Read(config, firstDense: 1);

    /// <summary>Mistral Small 4: softmax over all experts without a correction, queries that grow with their position, YaRN without a factor on attention.</summary>
    internal static DecoderSpec ReadMistral(FamilyConfig config)
    {
        ConfigObject json = config.Json;
        LatentAttentionSpec attention = ReadAttention(config, _ => 1, out int longest);
        ExpertsSpec mixture = config.DeepSeekExperts() with { CorrectionName = null };
        RoutingRule rule = mixture.Rule with { Scoring = ExpertScoring.Softmax };
        int dense = json.TryInt32("first_k_dense_replace", 0) ?? 0;
        return config.Layered(_ => attention, layer => layer < dense ? config.Gated(Gating.Silu) : mixture with { Rule = rule }, longest);
    }

    static DecoderSpec Read(FamilyConfig config, int firstDense)
        => config.Layered(ReadAttention(config, AttentionFactor, out int longest), config.DeepSeekFeedForward(firstDense), longest) with { Unused = config.MoreTokenLayers() };

    static LatentAttentionSpec ReadAttention(FamilyConfig config, Func<ConfigObject, double> factor, out int longest)
    {
        ConfigObject json = config.Json;
        config.RequireActivation("hidden_act", "silu");
        config.RequireFalse("attention_bias");
        int plain = json.Int32("qk_nope_head_dim", 1);
        int turning = json.Int32("qk_rope_head_dim", 2);
        (Rotary rotary, longest) = new RotaryReader(json) { DefaultTheta = 10_000, TurnsNeighbours = json.TryBoolean("rope_interleave") ?? true }.Read(turning, config.MaxPositions);
        return new LatentAttentionSpec(
            config.Heads, json.TryInt32("q_lora_rank", 1, MostRank), Width("kv_lora_rank", turning), plain, turning, Width("v_head_dim", plain), rotary, factor(json) / Math.Sqrt(plain + turning));

        // With what lies beside it, all heads of it are a number of columns.
        int Width(string key, int beside)
        {
            int width = json.Int32(key, 1, FamilyConfig.MostHeadDim);
            return (long)(width + beside) * config.Heads <= int.MaxValue
                ? width
                : throw json.Unexpected(key, string.Create(CultureInfo.InvariantCulture, $"at most {(int.MaxValue / config.Heads) - beside} for num_attention_heads {config.Heads}"));
        }
    }

    // YaRN's factor on attention stands here, twice, and not in cosines and sines.
    static double AttentionFactor(ConfigObject json)
    {
        ConfigObject? rope = json.TryObject("rope_parameters") ?? json.TryObject("rope_scaling");
        bool stretched = (rope?.TryString("rope_type") ?? rope?.TryString("type") ?? "default") != "default";
        double all = stretched ? rope!.TryDouble("mscale_all_dim", "a number from 0", value => value >= 0) ?? 0 : 0;
        double factor = all > 0 ? RotaryReader.YarnScale(rope!.Double("factor", "a number from 1", value => value >= 1), all) : 1;
        return factor * factor;
    }
}
