using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// gpt-oss: biases on all layers, a sink for each query head, a window in every other layer, experts in MXFP4 whose gate and up rows take
/// turns, and a clamped gating. After transformers' <c>modeling_gpt_oss.py</c> and OpenAI's <c>gpt_oss/torch/model.py</c>.
/// </summary>
static class GptOss
{
    internal static DecoderSpec Read(FamilyConfig config)
    {
        ConfigObject json = config.Json;
        config.RequireActivation("hidden_act", "silu");
        (Rotary rotary, int longest) = new RotaryReader(json) { DefaultTheta = 150_000 }.Read(config.HeadDim, config.MaxPositions);
        bool bias = json.TryBoolean("attention_bias") ?? true;
        var attention = new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, rotary) { HasInputBias = bias, HasOutputBias = bias, HasSinks = true };
        static bool IsPositive(double value) => value > 0;
        var gating = new Gating(
            GatingKind.ClampedSwiGlu,
            (float)(json.TryDouble("swiglu_alpha", "a number above 0", IsPositive) ?? 1.702),
            (float)(json.TryDouble("swiglu_limit", "a number above 0", IsPositive) ?? 7));
        var experts = new ExpertsSpec(config.Routing(ExpertScoring.Softmax, "num_local_experts", "num_experts") with { IsNormalised = true }, json.Int32("intermediate_size", 1), gating)
        {
            RouterName = "router",
            HasRouterBias = true,
            HasBias = true,
            TakesTurns = true,
            HasInputsFirst = true,
        };
        int window = json.TryInt32("sliding_window", 1) ?? 128;
        bool[] sliding = config.SlidingLayers() ?? [.. Enumerable.Range(0, config.Layers).Select(layer => layer % 2 == 0)];
        return config.Layered(attention, _ => experts, longest, [.. sliding.Select(slides => slides ? (int?)window : null)]);
    }
}
