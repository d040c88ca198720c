using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Octet.Checkpoints;

namespace Octet.Quantization;

/// <summary>
/// The <c>quantization_config</c> of a scheme, as the loaders of transformers, vLLM and SGLang read it: <c>fp8</c> for blocks, compressed-tensors
/// (<c>quantization/quant_args.py</c>, <c>quant_scheme.py</c>) for the rest.
/// </summary>
static class PublishedConfig
{
    /// <summary>Where MLX says how a model is quantised.</summary>
    internal const string MlxKey = "quantization";

    const string CacheKey = "kv_cache_scheme";
    const string ModelOptCacheKey = "kv_cache_quant_algo";

    static readonly JsonSerializerOptions s_layout = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    internal static JsonObject? Create(QuantizationScheme scheme, bool powersOfTwo, IReadOnlyList<string> unconverted, string? head) => scheme switch
    {
        QuantizationScheme.BFloat16 => null,
        QuantizationScheme.Block => Block(powersOfTwo, unconverted),
        QuantizationScheme.Channel => CompressedTensors("float-quantized", Weights(8, "channel"), Token(), unconverted, head),
        QuantizationScheme.Tensor => CompressedTensors("float-quantized", Weights(8, "tensor"), Token(), unconverted, head),
        QuantizationScheme.Mxfp8 => CompressedTensors("mxfp8-quantized", Weights(8, "group", 32, "torch.uint8"), null, unconverted, head),
        QuantizationScheme.Mxfp4 => CompressedTensors("mxfp4-pack-quantized", Weights(4, "group", 32, "torch.uint8"), null, unconverted, head),
        QuantizationScheme.Nvfp4 => CompressedTensors("nvfp4-pack-quantized", Weights(4, "tensor_group", 16, "torch.float8_e4m3fn"), null, unconverted, head),
        _ => throw new ArgumentOutOfRangeException(nameof(scheme)),
    };

    /// <summary>Says that there are scales of a cache. Loaders of <c>fp8</c> find them by their names alone.</summary>
    /// <param name="config">The config.</param>
    /// <param name="isOwn">Whether what it says of a cache already is said of these scales.</param>
    internal static void AddCache(JsonObject config, bool isOwn)
    {
        if (config.ContainsKey(CacheKey) && !(isOwn && config[CacheKey] is not null))
        {
            config[CacheKey] = Arguments(8, "tensor", null, dynamic: false);
        }
    }

    /// <summary>Says no more that there are scales of a cache.</summary>
    /// <returns>Whether it was said.</returns>
    internal static bool RemoveCache(JsonObject config)
    {
        bool removed = false;
        foreach (JsonObject part in (JsonObject[])[config, .. config[MlxKey] is JsonObject inner ? [inner] : Array.Empty<JsonObject>()])
        {
            foreach (string key in (string[])[CacheKey, ModelOptCacheKey])
            {
                if (part[key] is not null)
                {
                    part[key] = null;
                    removed = true;
                }
            }
        }

        return removed;
    }

    /// <summary>Model Optimizer's own file as a <c>quantization_config</c>, whose loaders know both by the keys inside; null where there is none.</summary>
    internal static JsonObject? OfModelOpt(string path)
    {
        if (!File.Exists(path) || JsonNode.Parse(File.ReadAllText(path)) is not JsonObject said)
        {
            return null;
        }

        var config = new JsonObject { ["quant_method"] = "modelopt" };
        foreach ((string key, JsonNode? value) in said.Where(entry => entry.Key != "quant_method"))
        {
            config[key] = value?.DeepClone();
        }

        return config;
    }

    /// <summary>A model's <c>config.json</c> with another <c>quantization_config</c> and no mark of an older one; the rest and its order stay.</summary>
    /// <param name="path">The source's file; null: it has none, and the scheme alone is said.</param>
    /// <param name="quantization">Null removes what is there.</param>
    /// <param name="untie">Whether the output layer now has a weight of its own.</param>
    /// <param name="widens">Whether codes became bfloat16, and no other codes are left.</param>
    internal static string Apply(string? path, JsonObject? quantization, bool untie, bool widens)
    {
        JsonObject config = path is null ? [] : JsonNode.Parse(PythonNumbers.Replace(Encoding.UTF8.GetBytes(File.ReadAllText(path))).Span)!.AsObject(); // without its byte-order mark
        foreach (JsonObject part in Parts(config))
        {
            part.Remove("quantization_config");

            // Of compressed-tensors, before 2025.
            part.Remove("compression_config");

            // Of MLX, which reads it before the other.
            if (part[MlxKey] is JsonObject mlx && mlx.ContainsKey("bits") && mlx.ContainsKey("group_size"))
            {
                part.Remove(MlxKey);
            }

            foreach (string key in (string[])["dtype", "torch_dtype"])
            {
                if (part[key] is JsonValue value && value.TryGetValue(out string? type) && (widens || type is not ("bfloat16" or "float16" or "float32" or "auto")))
                {
                    part[key] = "bfloat16";
                }
            }
        }

        if (untie)
        {
            config["tie_word_embeddings"] = false;

            // Of a larger model, whose text part may say it for itself.
            if (config["text_config"] is JsonObject text)
            {
                text["tie_word_embeddings"] = false;
            }
        }

        if (quantization is not null)
        {
            config["quantization_config"] = quantization.DeepClone();
        }

        return config.ToJsonString(s_layout) + "\n";
    }

    /// <summary>The config itself, and those of the models that it is made of.</summary>
    static JsonObject[] Parts(JsonObject config)
        => config.Where(entry => entry.Key.EndsWith("_config", StringComparison.Ordinal) && entry.Key != "quantization_config").Select(entry => entry.Value).OfType<JsonObject>().Prepend(config).ToArray();

    static JsonObject Block(bool powersOfTwo, IReadOnlyList<string> unconverted)
    {
        var config = new JsonObject
        {
            ["activation_scheme"] = "dynamic",
            ["fmt"] = "e4m3",

            // vLLM's name for the next; versions of 2025 know no other.
            ["ignored_layers"] = Names(unconverted),
            ["modules_to_not_convert"] = Names(unconverted),
            ["quant_method"] = "fp8",
            ["weight_block_size"] = new JsonArray(128, 128),
        };
        if (powersOfTwo)
        {
            config["scale_fmt"] = "ue8m0";
        }

        return config;
    }

    static JsonObject CompressedTensors(string format, JsonObject weights, JsonObject? activations, IReadOnlyList<string> unconverted, string? head) => new()
    {
        ["config_groups"] = new JsonObject
        {
            ["group_0"] = new JsonObject
            {
                ["format"] = format,
                ["input_activations"] = activations,
                ["output_activations"] = null,

                // To vLLM an output layer is no Linear, so it is named.
                ["targets"] = head is null ? new JsonArray("Linear") : new JsonArray("Linear", head),
                ["weights"] = weights,
            },
        },
        ["format"] = format,
        ["ignore"] = Names(unconverted),
        ["kv_cache_scheme"] = null,
        ["quant_method"] = "compressed-tensors",
        ["quantization_status"] = "compressed",
    };

    static JsonObject Weights(int bits, string strategy, int? group = null, string? scaleType = null)
    {
        JsonObject weights = Arguments(bits, strategy, group, dynamic: false);
        if (scaleType is not null)
        {
            weights["scale_dtype"] = scaleType;
        }

        return weights;
    }

    static JsonObject Token() => Arguments(8, "token", null, dynamic: true);

    static JsonObject Arguments(int bits, string strategy, int? group, bool dynamic) => new()
    {
        ["dynamic"] = dynamic,
        ["group_size"] = group,
        ["num_bits"] = bits,
        ["strategy"] = strategy,
        ["symmetric"] = true,
        ["type"] = "float",
    };

    static JsonArray Names(IReadOnlyList<string> names) => [.. names.Select(name => (JsonNode)name)];
}
