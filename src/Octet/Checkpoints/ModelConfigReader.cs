using System.Globalization;
using Octet.Checkpoints.Families;

namespace Octet.Checkpoints;

/// <summary>
/// What <c>config.json</c> has whatever the family: both spellings in use (Transformers 4 and 5), and <c>text_config</c> of multimodal
/// models. The families read the rest, and refuse by name every setting that would change the results and is not implemented.
/// </summary>
static class ModelConfigReader
{
    /// <param name="json">The file.</param>
    /// <param name="file">Its name.</param>
    /// <param name="headless">Whether a class without an output layer is one too (<see cref="Family.Headless"/>).</param>
    internal static ModelConfig Read(ConfigObject json, string file, bool headless = false)
    {
        string[] architectures = ReadArchitectures(json, headless);
        ConfigObject text = json.TryObject("text_config") ?? json;
        Family family = FindFamily(json, text, architectures);
        var shared = new FamilyConfig(text, family.Defaults);
        DecoderSpec decoder = family.Read(shared);
        int most = shared.VocabSize - 1;
        var config = new ModelConfig
        {
            Architectures = architectures,
            ModelType = text.String("model_type", "a string such as \"qwen3\""),
            HiddenSize = shared.HiddenSize,
            IntermediateSize = text.TryInt32("intermediate_size", 1) ?? 0,
            NumHiddenLayers = shared.Layers,
            NumAttentionHeads = shared.Heads,
            NumKeyValueHeads = shared.KeyValueHeads,
            HeadDim = shared.HeadDim,
            VocabSize = shared.VocabSize,
            MaxPositionEmbeddings = shared.MaxPositions,
            RmsNormEps = shared.Epsilon,
            RopeTheta = ReadRopeTheta(text) ?? 0,
            TieWordEmbeddings = text.TryBoolean("tie_word_embeddings") ?? json.TryBoolean("tie_word_embeddings") ?? family.Defaults?.TiesEmbeddings ?? false,
            HiddenAct = text.TryString("hidden_act") ?? text.TryString("hidden_activation") ?? "silu",
            AttentionBias = text.TryBoolean("attention_bias") ?? false,
            BosTokenId = text.TryInt32("bos_token_id", 0, most) ?? json.TryInt32("bos_token_id", 0, most),
            EosTokenIds = json.TryInt32s("eos_token_id", 0, most) ?? text.TryInt32s("eos_token_id", 0, most) ?? [],
            PadTokenId = text.TryInt32("pad_token_id", 0, most) ?? json.TryInt32("pad_token_id", 0, most),
            DType = text.TryString("dtype") ?? text.TryString("torch_dtype") ?? json.TryString("dtype") ?? json.TryString("torch_dtype"),
            QuantizationConfig = (QuantizationConfig.OfConfig(json) ?? QuantizationConfig.OfConfig(text)) is { } quantization ? QuantizationConfig.Read(quantization) : null,
            Decoder = decoder,
            OtherParts = [.. architectures.SelectMany(name => Family.Wrappers.GetValueOrDefault(name, []))],
        };

        RequireAddressable(config, file);
        return config;
    }

    static string[] ReadArchitectures(ConfigObject json, bool headless)
    {
        string supported = string.Join(", ", ModelConfig.SupportedArchitectures);
        string[] named = json.TryStrings("architectures") ?? throw json.Missing("architectures", $"a list with one of: {supported}");
        if (headless)
        {
            RequireCausal(json);
            named = [.. named.Select(name => Family.Headless.GetValueOrDefault(name, name))];
        }

        return named.Any(ModelConfig.SupportedArchitectures.Contains) ? named
            : throw (named.Any(EncoderFamily.IsEncoder)
                ? json.Refused("architectures", "an encoder makes vectors or scores and no text: open it as an EmbeddingModel or a Reranker (octet embed, octet rerank)")
                : json.Unsupported("architectures", supported));
    }

    /// <summary>Some embedding models are decoders whose tokens see those behind them too.</summary>
    static void RequireCausal(ConfigObject json)
    {
        if (json.TryBoolean("is_causal") == false)
        {
            throw json.Unsupported("is_causal", "true");
        }

        if (!json.IsString("use_bidirectional_attention") && json.TryBoolean("use_bidirectional_attention") == true)
        {
            throw json.Unsupported("use_bidirectional_attention", "false");
        }
    }

    static Family FindFamily(ConfigObject json, ConfigObject text, string[] architectures)
    {
        if (architectures.Any(Family.Wrappers.ContainsKey))
        {
            // Qwen2-VL's older files have the text model's keys among the others.
            if (ReferenceEquals(json, text) && !Family.All.Any(family => family.ModelType == json.TryString("model_type")))
            {
                throw json.Missing("text_config", $"the text model's part, as architectures is {string.Join(", ", architectures)}");
            }

            string type = text.String("model_type", "a string such as \"qwen3\"");
            return Family.All.FirstOrDefault(family => family.ModelType == type)
                ?? throw text.Unsupported("model_type", string.Join(", ", Family.All.Select(family => family.ModelType)));
        }

        return Family.All.First(family => architectures.Contains(family.Architecture));
    }

    static double? ReadRopeTheta(ConfigObject json)
    {
        static double? Theta(ConfigObject? where) => where?.TryDouble("rope_theta", "a number above 1", value => value > 1);
        ConfigObject? parameters = json.TryObject("rope_parameters");
        return Theta(json) ?? Theta(parameters) ?? Theta(parameters?.TryObject("full_attention")) ?? Theta(json.TryObject("rope_scaling"));
    }

    /// <summary>Sizes that fit one by one can still describe more bytes than a 64-bit address holds; later arithmetic relies on this bound.</summary>
    static void RequireAddressable(ModelConfig config, string file)
    {
        const long MostBytes = long.MaxValue / 16;
        Int128 hidden = config.HiddenSize;
        Int128 queryWidth = (Int128)config.NumAttentionHeads * config.HeadDim;
        Int128 keyWidth = (Int128)config.NumKeyValueHeads * config.HeadDim;
        Int128 feedForward = config.Decoder!.Layers.Aggregate(Int128.Zero, (sum, layer) => sum + layer.Weights(config.HiddenSize));
        Int128 weights = config.NumHiddenLayers * hidden * (2 * queryWidth + 2 * keyWidth) + feedForward + 2 * hidden * config.VocabSize;
        Int128 cache = (Int128)config.NumHiddenLayers * config.MaxPositionEmbeddings * 2 * keyWidth;
        if ((weights + cache) * sizeof(float) > MostBytes)
        {
            throw new ModelException(
                ModelError.Damaged,
                string.Create(CultureInfo.InvariantCulture, $"{file}: its sizes describe {weights} weights and {cache} cached values; expected a model that fits a 64-bit address space"),
                file);
        }
    }
}
