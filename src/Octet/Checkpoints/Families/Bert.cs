using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// BERT (Devlin et al., 2018) and RoBERTa (Liu et al., 2019): words, positions and types from tables, norms with a bias behind each part, biases
/// everywhere. After transformers' <c>modeling_bert.py</c> and <c>modeling_roberta.py</c>.
/// </summary>
static class Bert
{
    const string Buffer = "a buffer that numbers positions or types, and no weight";
    const string Words = "a layer that predicts words, which embeddings and scores do not use";
    const string Pooler = "a layer on top of the first token, which embeddings do not use";

    internal static EncoderSpec Read(EncoderConfig config)
    {
        EncoderSpec spec = ReadShared(config, "bert.") with
        {
            MaxTokens = config.MaxPositions,
            UnusedBeside = [("cls.", Words)],
        };
        return !config.Classifies ? spec : spec with
        {
            Classifier = new ClassifierSpec("pooler.dense", Nonlinearity.Tanh, "classifier", config.Labels) { DenseIsInside = true, IsLogistic = config.IsLogistic },
        };
    }

    internal static EncoderSpec ReadRoberta(EncoderConfig config)
    {
        int padding = config.Json.TryInt32("pad_token_id", 0) ?? 1;
        if (padding + 1 >= config.MaxPositions)
        {
            throw config.Json.Unexpected("pad_token_id", $"a number below max_position_embeddings, {config.MaxPositions}, by 2 at least, as positions are counted from behind it");
        }

        EncoderSpec spec = ReadShared(config, "roberta.") with
        {
            MaxTokens = config.MaxPositions - padding - 1,
            Padding = padding,
            UnusedBeside = [("lm_head.", Words)],
        };
        return !config.Classifies ? spec : spec with
        {
            Classifier = new ClassifierSpec("classifier.dense", Nonlinearity.Tanh, "classifier.out_proj", config.Labels) { IsLogistic = config.IsLogistic },
        };
    }

    static EncoderSpec ReadShared(EncoderConfig config, string prefix)
    {
        if ((config.Json.TryString("position_embedding_type") ?? "absolute") != "absolute")
        {
            throw config.Json.Unsupported("position_embedding_type", "\"absolute\"");
        }

        return new EncoderSpec
        {
            HiddenSize = config.HiddenSize,
            VocabSize = config.VocabSize,
            Heads = config.Heads,
            Inner = config.Inner,
            Epsilon = config.Epsilon("layer_norm_eps", 1e-12),
            MaxTokens = config.MaxPositions,
            Positions = config.MaxPositions,
            Types = config.Json.Int32("type_vocab_size", 1),
            Function = config.Function("hidden_act", "gelu"),
            HasBias = true,
            HasNormBias = true,
            Layers = [.. Enumerable.Repeat(default(EncoderLayerSpec), config.Layers)],
            Unused =
            [
                ("embeddings.position_ids", Buffer),
                ("embeddings.token_type_ids", Buffer),
                ("pooler.", Pooler),
            ],
            Names = new EncoderNames
            {
                Prefix = prefix,
                Words = "embeddings.word_embeddings",
                Positions = "embeddings.position_embeddings",
                Types = "embeddings.token_type_embeddings",
                EmbeddingNorm = "embeddings.LayerNorm",
                Layers = "encoder.layer.",
                QueryKeyValue = ["attention.self.query", "attention.self.key", "attention.self.value"],
                AttentionOutput = "attention.output.dense",
                AttentionNorm = "attention.output.LayerNorm",
                Inner = "intermediate.dense",
                Outer = "output.dense",
                FeedForwardNorm = "output.LayerNorm",
            },
        };
    }
}
