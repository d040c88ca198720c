using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// Mistral (7B, Nemo, Small) and Ministral 3 (with Devstral): Llama with a window in every layer where the file has one; Ministral's queries
/// grow with their position beyond the original context. After transformers' <c>modeling_mistral.py</c> and <c>modeling_ministral3.py</c>.
/// </summary>
static class Mistral
{
    // Of transformers' MistralConfig, where the file has no such key. Null in the file is no window.
    const int DefaultWindow = 4096;

    internal static DecoderSpec Read(FamilyConfig config)
        => Read(config, config.Window(DefaultWindow));

    internal static DecoderSpec ReadMinistral(FamilyConfig config) => Read(config, config.Json.TryInt32("sliding_window", 1));

    static DecoderSpec Read(FamilyConfig config, int? window)
    {
        config.RequireActivation("hidden_act", "silu");
        config.RequireFalse("attention_bias");
        (Rotary rotary, int longest) = new RotaryReader(config.Json) { DefaultTheta = 10_000 }.Read(config.HeadDim, config.MaxPositions);
        bool[] sliding = config.SlidingLayers() ?? [.. Enumerable.Repeat(true, config.Layers)];
        var attention = new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, rotary);
        return config.Uniform(attention, config.Gated(Gating.Silu), longest, [.. sliding.Select(slides => slides ? window : null)]);
    }
}
