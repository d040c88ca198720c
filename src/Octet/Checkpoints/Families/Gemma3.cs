using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// Gemma 3, the text part: norms that multiply by 1 + w, four of them in a layer, a window and a rotary base of its own in five layers of
/// six, GELU, embeddings times sqrt(hidden size). After transformers' <c>modeling_gemma3.py</c>, run in float32.
/// </summary>
static class Gemma3
{
    const int PublishedPattern = 6;

    internal static FamilyDefaults Defaults { get; } = new() { Heads = 8, KeyValueHeads = 4, HeadDim = 256, VocabSize = 262_208, MaxPositions = 131_072, Epsilon = 1e-6, TiesEmbeddings = true };

    internal static DecoderSpec Read(FamilyConfig config)
    {
        ConfigObject json = config.Json;
        config.RequireActivation("hidden_activation", "gelu_pytorch_tanh");
        config.RequireActivation("hidden_act", "gelu_pytorch_tanh");
        config.RequireFalse("attention_bias");
        foreach (string key in (string[])["attn_logit_softcapping", "final_logit_softcapping"])
        {
            if (json.Has(key))
            {
                throw json.Unsupported(key, "null");
            }
        }

        int pattern = json.TryInt32("sliding_window_pattern", 1) ?? json.TryInt32("_sliding_window_pattern", 1) ?? PublishedPattern;
        bool[] sliding = config.SlidingLayers() ?? config.AllButEvery(pattern);
        int window = json.TryInt32("sliding_window", 1) ?? 4096;
        (Rotary full, int longest) = new RotaryReader(json) { DefaultTheta = 1_000_000 }.Read(config.HeadDim, config.MaxPositions, "full_attention");
        (Rotary local, _) = new RotaryReader(json) { DefaultTheta = 10_000 }.Read(config.HeadDim, config.MaxPositions, "sliding_attention", "rope_local_base_freq");
        double scalar = json.TryDouble("query_pre_attn_scalar", "a number above 0", value => value > 0) ?? 256;
        var attention = new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, full) { HasHeadNorms = true, Scale = 1 / Math.Sqrt(scalar) };
        GatedSpec feedForward = config.Gated(Gating.GeluTanh);
        return new DecoderSpec
        {
            Layers = [.. sliding.Select(slides => new LayerSpec(slides ? attention with { Window = window, Rotary = local } : attention, feedForward))],
            EmbeddingScale = MathF.Sqrt(config.HiddenSize),
            NormOffset = 1,
            Norms = NormPlaces.Around,
            LongestContext = longest,
        };
    }
}
