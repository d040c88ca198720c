using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// Gemma 2: Gemma's norms and embeddings, a window in every other layer, soft caps on scores of attention and on logits. After transformers'
/// <c>modular_gemma2.py</c>, run in float32.
/// </summary>
static class Gemma2
{
    internal static FamilyDefaults Defaults { get; } = new() { Heads = 8, KeyValueHeads = 4, HeadDim = 256, VocabSize = 256_000, MaxPositions = 8192, Epsilon = 1e-6, TiesEmbeddings = true };

    internal static DecoderSpec Read(FamilyConfig config)
    {
        ConfigObject json = config.Json;
        config.RequireActivation("hidden_activation", "gelu_pytorch_tanh");
        bool bias = config.Flag("attention_bias");
        (Rotary rotary, int longest) = new RotaryReader(json) { DefaultTheta = 10_000 }.Read(config.HeadDim, config.MaxPositions);
        var attention = new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, rotary)
        {
            HasInputBias = bias,
            HasOutputBias = bias,
            Scale = 1 / Math.Sqrt(config.Factor("query_pre_attn_scalar", 256)),
            Cap = config.Cap("attn_logit_softcapping", 50),
        };
        bool[] sliding = config.SlidingLayers() ?? [.. Enumerable.Range(0, config.Layers).Select(layer => layer % 2 == 0)];
        int? window = config.Window(4096);
        GatedSpec feedForward = config.Gated(Gating.GeluTanh);
        return config.Layered(layer => sliding[layer] ? attention with { Window = window } : attention, _ => feedForward, longest) with
        {
            EmbeddingScale = MathF.Sqrt(config.HiddenSize),
            NormOffset = 1,
            Norms = NormPlaces.Around,
            LogitCap = config.Cap("final_logit_softcapping", 30),
        };
    }
}
