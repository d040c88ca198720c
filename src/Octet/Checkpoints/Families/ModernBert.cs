using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// ModernBERT (Warner et al., 2024): norms before each part, rotary embeddings with two bases, two of three layers that see near tokens alone, gated
/// GELU, no biases. After transformers' <c>modeling_modernbert.py</c>.
/// </summary>
static class ModernBert
{
    const string Words = "a layer that predicts words, which embeddings and scores do not use";

    internal static EncoderSpec Read(EncoderConfig config)
    {
        foreach (string key in (string[])["attention_bias", "mlp_bias", "norm_bias"])
        {
            config.Refuse(key, "a bias of ModernBERT");
        }

        Nonlinearity function = config.Function("hidden_activation", "gelu");
        int every = config.Json.TryInt32("global_attn_every_n_layers", 1) ?? 3;
        int near = config.Json.TryInt32("local_attention", 1) ?? 128;
        EncoderLayerSpec far = new(Rotary(config, "full_attention", "global_rope_theta", 160_000), null);
        EncoderLayerSpec local = new(Rotary(config, "sliding_attention", "local_rope_theta", 10_000), near / 2);
        return new EncoderSpec
        {
            HiddenSize = config.HiddenSize,
            VocabSize = config.VocabSize,
            Heads = config.Heads,
            Inner = config.Inner,
            Epsilon = config.Epsilon("norm_eps", 1e-5),
            MaxTokens = config.MaxPositions,
            Function = function,
            Gating = function switch
            {
                Nonlinearity.Gelu => Backends.Gating.Gelu,
                Nonlinearity.GeluTanh => Backends.Gating.GeluTanh,
                Nonlinearity.Silu => Backends.Gating.Silu,
                _ => throw config.Json.Unsupported("hidden_activation", "\"gelu\", \"gelu_pytorch_tanh\", \"silu\""),
            },
            NormsFirst = true,
            Layers = [.. (LocalLayers(config) ?? [.. Enumerable.Range(0, config.Layers).Select(layer => layer % every != 0)]).Select(isLocal => isLocal ? local : far)],
            UnusedBeside = [("decoder.", Words), .. config.Classifies ? ((string, string)[])[] : [("head.", Words)]],
            Classifier = config.Classifies ? ReadClassifier(config) : null,
            Names = new EncoderNames
            {
                Prefix = "model.",
                Words = "embeddings.tok_embeddings",
                EmbeddingNorm = "embeddings.norm",
                Layers = "layers.",
                QueryKeyValue = ["attn.Wqkv"],
                AttentionOutput = "attn.Wo",
                AttentionNorm = "attn_norm",
                Inner = "mlp.Wi",
                Outer = "mlp.Wo",
                FeedForwardNorm = "mlp_norm",
                FinalNorm = "final_norm",
            },
        };
    }

    static ClassifierSpec ReadClassifier(EncoderConfig config)
    {
        string pooling = config.Json.TryString("classifier_pooling") ?? "cls";
        return new ClassifierSpec("head.dense", config.Function("classifier_activation", "gelu"), "classifier", config.Labels)
        {
            HasDenseBias = config.Json.TryBoolean("classifier_bias") ?? false,
            Norm = "head.norm",
            TakesMean = pooling is "cls" or "mean" ? pooling == "mean" : throw config.Json.Unsupported("classifier_pooling", "\"cls\", \"mean\""),
            IsLogistic = config.IsLogistic,
        };
    }

    static bool[]? LocalLayers(EncoderConfig config)
    {
        if (config.Json.TryStrings("layer_types") is not { } types)
        {
            return null;
        }

        return types.Length != config.Layers ? throw config.Json.Unexpected("layer_types", $"one for each of num_hidden_layers, {config.Layers}")
            : types.All(type => type is "full_attention" or "sliding_attention") ? [.. types.Select(type => type == "sliding_attention")]
            : throw config.Json.Unsupported("layer_types", "\"full_attention\" or \"sliding_attention\" in every layer");
    }

    static Rotary Rotary(EncoderConfig config, string layerType, string key, double otherwise)
        => config.HeadDim % 2 == 0
            ? new RotaryReader(config.Json) { DefaultTheta = otherwise }.Read(config.HeadDim, config.MaxPositions, layerType, key).Rotary
            : throw config.Json.Unexpected("num_attention_heads", $"heads of an even number of elements, of hidden_size {config.HiddenSize}");
}
