using System.Globalization;
using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// Qwen3-Next, Qwen3.5 and Qwen3.6, the text part: gated DeltaNet in three layers of four, gated full attention that turns a part of each
/// head in the others, norms that multiply by 1 + w. After transformers' <c>modular_qwen3_next.py</c>, run in float32.
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
        GatedSpec feedForward = config.Gated(Gating.Silu);
        return new DecoderSpec
        {
            Layers = [.. config.LinearLayers().Select(isLinear => new LayerSpec(isLinear ? delta : attention, feedForward))],
            NormOffset = 1,
            LongestContext = longest,
            UnusedBeside = [("mtp.", "layers that guess tokens ahead (multi-token prediction), which are not run")],
        };
    }

    static DeltaShape ReadShape(ConfigObject json)
    {
        const int MostHeads = 1 << 12;
        const int MostDim = 1 << 10;
        if (json.TryInt32("linear_conv_kernel_dim", 1) is { } taps and not DeltaShape.Taps)
        {
            throw json.Unsupported("linear_conv_kernel_dim", string.Create(CultureInfo.InvariantCulture, $"{DeltaShape.Taps}, not {taps}"));
        }

        int keyHeads = json.Int32("linear_num_key_heads", 1, MostHeads);
        int valueHeads = json.Int32("linear_num_value_heads", 1, MostHeads);
        return valueHeads % keyHeads == 0
            ? new DeltaShape(keyHeads, valueHeads, json.Int32("linear_key_head_dim", 1, MostDim), json.Int32("linear_value_head_dim", 1, MostDim))
            : throw json.Unexpected("linear_num_value_heads", string.Create(CultureInfo.InvariantCulture, $"a multiple of linear_num_key_heads, {keyHeads}"));
    }
}
