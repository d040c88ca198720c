using System.Globalization;
using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// Qwen3-Next, Qwen3.5 and Qwen3.6, the text part: gated DeltaNet in three layers of four, gated full attention that turns a part of each
/// head in the others, norms that multiply by 1 + w; dense, or a mixture of experts with one that is shared and gated. After transformers' <c>modular_qwen3_next.py</c>, run in float32.
/// </summary>
static class Qwen3Next
{
    internal static DecoderSpec Read(FamilyConfig config)
    {
        ConfigObject json = config.Json;
        config.RequireActivation("hidden_act", "silu");
        config.RequireFalse("attention_bias");
        config.RequireFalse("use_sliding_window");
        if (json.IsFalse("attn_output_gate"))
        {
            throw json.Unsupported("attn_output_gate", "absent or true");
        }

        // What turns is a quarter of a head where the file does not say; of text all sections of a multimodal embedding are the same.
        (Rotary rotary, int longest) = new RotaryReader(json) { DefaultTheta = 10_000, AllowsPart = true, DefaultPart = 0.25 }.Read(config.HeadDim, config.MaxPositions, "full_attention");
        var attention = new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, rotary) { HasHeadNorms = true, HasOutputGate = true };
        var delta = new GatedDeltaSpec(ReadShape(json));
        Func<int, FeedForwardSpec> feedForward = ReadFeedForward(config);
        return new DecoderSpec
        {
            Layers = [.. config.LinearLayers().Select((isLinear, layer) => new LayerSpec(isLinear ? delta : attention, feedForward(layer)))],
            NormOffset = 1,
            LongestContext = longest,
            UnusedBeside = [("mtp.", DecoderSpec.MoreTokens)],
        };
    }

    static Func<int, FeedForwardSpec> ReadFeedForward(FamilyConfig config)
    {
        ConfigObject json = config.Json;
        if (!json.Has("num_experts"))
        {
            GatedSpec dense = config.Gated(Gating.Silu);
            return _ => dense;
        }

        int shared = json.TryInt32("shared_expert_intermediate_size", 0) ?? 0;
        RoutingRule rule = config.Routing(ExpertScoring.Softmax, "num_experts") with { IsNormalised = json.TryBoolean("norm_topk_prob") ?? true };
        return Qwen3Moe.FeedForward(config, new ExpertsSpec(rule, json.Int32("moe_intermediate_size", 1), Gating.Silu)
        {
            Shared = shared == 0 ? null : new GatedSpec(shared, Gating.Silu) { Name = "shared_expert" },
            SharedGateName = shared == 0 ? null : "shared_expert_gate",
        });
    }

    static DeltaShape ReadShape(ConfigObject json)
    {
        // With these a state has fewer floats than an int counts.
        const int MostHeads = 1 << 12;
        const int MostDim = 1 << 9;
        if (json.TryInt32("linear_conv_kernel_dim", 1) is not (null or DeltaShape.Taps))
        {
            throw json.Unsupported("linear_conv_kernel_dim", DeltaShape.Taps.ToString(CultureInfo.InvariantCulture));
        }

        int keyHeads = json.Int32("linear_num_key_heads", 1, MostHeads);
        int valueHeads = json.Int32("linear_num_value_heads", 1, MostHeads);
        return valueHeads % keyHeads == 0
            ? new DeltaShape(keyHeads, valueHeads, json.Int32("linear_key_head_dim", 1, MostDim), json.Int32("linear_value_head_dim", 1, MostDim))
            : throw json.Unexpected("linear_num_value_heads", string.Create(CultureInfo.InvariantCulture, $"a multiple of linear_num_key_heads, {keyHeads}"));
    }
}
