using System.Globalization;

namespace Octet.Checkpoints;

/// <summary>
/// The rules of <c>config.json</c>: both spellings in use (Transformers 4 and 5), and a refusal by name of every setting that would
/// change the results and is not implemented.
/// </summary>
static class ModelConfigReader
{
    internal static ModelConfig Read(ConfigObject json, string file)
    {
        string[] architectures = ReadArchitectures(json);
        int hidden = json.Int32("hidden_size", 1);
        int layers = json.Int32("num_hidden_layers", 1);
        int heads = json.Int32("num_attention_heads", 1);
        int vocabulary = json.Int32("vocab_size", 1);
        var config = new ModelConfig
        {
            Architectures = architectures,
            ModelType = json.String("model_type", "a string such as \"qwen3\""),
            HiddenSize = hidden,
            IntermediateSize = json.Int32("intermediate_size", 1),
            NumHiddenLayers = layers,
            NumAttentionHeads = heads,
            NumKeyValueHeads = ReadKeyValueHeads(json, heads),
            HeadDim = ReadHeadDim(json, hidden, heads),
            VocabSize = vocabulary,
            MaxPositionEmbeddings = json.Int32("max_position_embeddings", 1),
            RmsNormEps = (float)json.Double("rms_norm_eps", "a number from 0 to 1", value => value is >= 0 and <= 1),
            RopeTheta = ReadRopeTheta(json),
            TieWordEmbeddings = json.TryBoolean("tie_word_embeddings") ?? false,
            BosTokenId = json.TryInt32("bos_token_id", 0, vocabulary - 1),
            EosTokenIds = json.TryInt32s("eos_token_id", 0, vocabulary - 1) ?? [],
            PadTokenId = json.TryInt32("pad_token_id", 0, vocabulary - 1),
            DType = json.TryString("dtype") ?? json.TryString("torch_dtype"),
            QuantizationConfig = QuantizationConfig.OfConfig(json) is { } quantization ? QuantizationConfig.Read(quantization) : null,
        };

        RefuseWhatIsNotImplemented(json, layers);
        RequireAddressable(config, file);
        return config;
    }

    static string[] ReadArchitectures(ConfigObject json)
    {
        string supported = string.Join(", ", ModelConfig.SupportedArchitectures);
        string[] named = json.TryStrings("architectures") ?? throw json.Missing("architectures", $"a list with one of: {supported}");
        return named.Any(ModelConfig.SupportedArchitectures.Contains) ? named : throw json.Unsupported("architectures", supported);
    }

    static int ReadKeyValueHeads(ConfigObject json, int heads)
    {
        int keyValueHeads = json.TryInt32("num_key_value_heads", 1) ?? heads;
        return heads % keyValueHeads == 0
            ? keyValueHeads
            : throw json.Unexpected("num_key_value_heads", string.Create(CultureInfo.InvariantCulture, $"a divisor of num_attention_heads, {heads}"));
    }

    static int ReadHeadDim(ConfigObject json, int hidden, int heads)
    {
        if (json.TryInt32("head_dim", 1) is not int headDim)
        {
            return hidden % heads == 0 && hidden / heads % 2 == 0
                ? hidden / heads
                : throw json.Missing("head_dim", string.Create(CultureInfo.InvariantCulture, $"it to be stated, since hidden_size {hidden} / num_attention_heads {heads} is not an even whole number"));
        }

        // Rotary embedding turns pairs.
        if (headDim % 2 != 0)
        {
            throw json.Unexpected("head_dim", "an even number");
        }

        return (long)headDim * heads <= int.MaxValue
            ? headDim
            : throw json.Unexpected("head_dim", string.Create(CultureInfo.InvariantCulture, $"at most {int.MaxValue / heads} for num_attention_heads {heads}"));
    }

    /// <summary>
    /// The base of the rotary angles: <c>rope_theta</c>, or inside <c>rope_parameters</c> (Transformers 5). Every form of scaling or of
    /// partial rotation changes the angles and is refused.
    /// </summary>
    static double ReadRopeTheta(ConfigObject json)
    {
        const string Expected = "a number above 1";
        double? theta = json.TryDouble("rope_theta", Expected, value => value > 1);
        RequireFullRotation(json);
        foreach (string key in (ReadOnlySpan<string>)["rope_parameters", "rope_scaling"])
        {
            if (json.TryObject(key) is not { } rope)
            {
                continue;
            }

            // "type" is the spelling before Transformers 4.45.
            if ((rope.TryString("rope_type") ?? rope.TryString("type") ?? "default") != "default")
            {
                throw json.Unsupported(key, "absent, null, or rope_type \"default\"");
            }

            RequireFullRotation(rope);
            double? nested = rope.TryDouble("rope_theta", Expected, value => value > 1);
            if (theta is double outer && nested is double inner && outer != inner)
            {
                throw rope.Unexpected("rope_theta", string.Create(CultureInfo.InvariantCulture, $"the same value as the file's other rope_theta, {outer}"));
            }

            theta ??= nested;
        }

        return theta ?? throw json.Missing("rope_theta", $"{Expected}, here or in rope_parameters");
    }

    static void RequireFullRotation(ConfigObject json)
    {
        const string Key = "partial_rotary_factor";
        if (json.TryDouble(Key, "a number above 0, at most 1", value => value is > 0 and <= 1) is not (null or 1))
        {
            throw json.Unsupported(Key, "absent or 1");
        }
    }

    static void RefuseWhatIsNotImplemented(ConfigObject json, int layers)
    {
        if ((json.TryString("hidden_act") ?? "silu") != "silu")
        {
            throw json.Unsupported("hidden_act", "\"silu\"");
        }

        if (json.TryBoolean("attention_bias") ?? false)
        {
            throw json.Unsupported("attention_bias", "false");
        }

        if (json.TryStrings("layer_types") is { } types)
        {
            if (types.Any(type => type != "full_attention"))
            {
                throw json.Unsupported("layer_types", "\"full_attention\" in every layer");
            }

            return;
        }

        // Transformers, Qwen3Config: a window is in use from layer max_window_layers on (28 where absent), and only if it is switched on.
        if ((json.TryBoolean("use_sliding_window") ?? false)
            && json.TryInt32("sliding_window", 1) is not null
            && (json.TryInt32("max_window_layers", 0) ?? 28) < layers)
        {
            throw json.Unsupported("sliding_window", "null, or use_sliding_window false");
        }
    }

    /// <summary>Sizes that fit one by one can still describe more bytes than a 64-bit address holds; later arithmetic relies on this bound.</summary>
    static void RequireAddressable(ModelConfig config, string file)
    {
        const long MostBytes = long.MaxValue / 16;
        Int128 hidden = config.HiddenSize;
        Int128 queryWidth = (Int128)config.NumAttentionHeads * config.HeadDim;
        Int128 keyWidth = (Int128)config.NumKeyValueHeads * config.HeadDim;
        Int128 layer = hidden * (2 * queryWidth + 2 * keyWidth + 3 * (Int128)config.IntermediateSize);
        Int128 weights = config.NumHiddenLayers * layer + 2 * hidden * config.VocabSize;
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
