using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// DeepSeek-V3, R1 and V3.1: latent attention with a rotating part of neighbouring pairs, some dense layers, then mixtures of many experts. GLM-4.7-Flash is the
/// same with one dense layer. After transformers' <c>modeling_deepseek_v3.py</c> and <c>modeling_glm4_moe_lite.py</c>.
/// </summary>
static class DeepSeekV3
{
    internal static FamilyDefaults Defaults { get; } = new() { HeadDimKeys = ["qk_nope_head_dim", "qk_rope_head_dim"] };

    internal static DecoderSpec Read(FamilyConfig config) => Read(config, firstDense: 3);

    internal static DecoderSpec ReadGlmLite(FamilyConfig config) => Read(config, firstDense: 1);

    static DecoderSpec Read(FamilyConfig config, int firstDense)
    {
        ConfigObject json = config.Json;
        config.RequireActivation("hidden_act", "silu");
        config.RequireFalse("attention_bias");
        int plain = json.Int32("qk_nope_head_dim", 1);
        int turning = json.Int32("qk_rope_head_dim", 2);
        (Rotary rotary, int longest) = new RotaryReader(json) { DefaultTheta = 10_000, TurnsNeighbours = json.TryBoolean("rope_interleave") ?? true }.Read(turning, config.MaxPositions);
        var attention = new LatentAttentionSpec(
            config.Heads, json.TryInt32("q_lora_rank", 1), json.Int32("kv_lora_rank", 1), plain, turning, json.Int32("v_head_dim", 1), rotary, Scale(json, plain + turning));
        return config.Layered(attention, config.DeepSeekFeedForward(firstDense), longest) with { Unused = config.MoreTokenLayers() };
    }

    // YaRN's factor on attention stands here, twice, and not in cosines and sines.
    static double Scale(ConfigObject json, int size)
    {
        ConfigObject? rope = json.TryObject("rope_parameters") ?? json.TryObject("rope_scaling");
        bool stretched = (rope?.TryString("rope_type") ?? rope?.TryString("type") ?? "default") != "default";
        double all = stretched ? rope!.TryDouble("mscale_all_dim", "a number from 0", value => value >= 0) ?? 0 : 0;
        double factor = all > 0 ? RotaryReader.YarnScale(rope!.Double("factor", "a number from 1", value => value >= 1), all) : 1;
        return factor * factor / Math.Sqrt(size);
    }
}
