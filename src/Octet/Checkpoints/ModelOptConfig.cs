using Octet.Numerics;

namespace Octet.Checkpoints;

/// <summary>
/// What Model Optimizer says, in <c>hf_quant_config.json</c> or with the same keys in <c>config.json</c>: one algorithm, or
/// <c>MIXED_PRECISION</c> and one for each layer. Names of algorithms are those of its <c>export/quant_utils.py</c> and of TensorRT-LLM's
/// <c>QuantAlgo</c>, and are written in small letters too.
/// </summary>
static class ModelOptConfig
{
    const string Mixed = "MIXED_PRECISION";

    static readonly ScaleLayout s_blocks = new(128, 128);

    static readonly Dictionary<string, (ScaleLayout Layout, string Activations)> s_algorithms = new(StringComparer.OrdinalIgnoreCase)
    {
        ["FP8"] = (ScaleLayout.Tensor, "static"),
        ["FP8_PER_CHANNEL_PER_TOKEN"] = (ScaleLayout.Channel, "dynamic"),
        ["FP8_PC_PT"] = (ScaleLayout.Channel, "dynamic"),
        ["FP8_PB_WO"] = (s_blocks, "none"),
        ["FP8_PB_REAL"] = (s_blocks, "none"),
        ["FP8_BLOCK_SCALES"] = (s_blocks, "none"),
        ["MXFP8"] = (ScaleLayout.Group(32), "dynamic"),
        ["MXFP4"] = (ScaleLayout.Group(32), "none"),
        ["W4A16_MXFP4"] = (ScaleLayout.Group(32), "none"),
        ["W4A8_MXFP4_FP8"] = (ScaleLayout.Group(32), "static"),
        ["W4A8_MXFP4_MXFP8"] = (ScaleLayout.Group(32), "dynamic"),
        ["NVFP4"] = (ScaleLayout.Group(16), "static"),
        ["NVFP4_AWQ"] = (ScaleLayout.Group(16), "static"),
        ["W4A8_NVFP4_FP8"] = (ScaleLayout.Group(16), "static"),
        ["W4A16_NVFP4"] = (ScaleLayout.Group(16), "none"),
        ["W4A16_NVFP4_AWQ"] = (ScaleLayout.Group(16), "none"),
    };

    static string Supported => string.Join(", ", [.. s_algorithms.Keys, Mixed]);

    /// <param name="json">The file, or the <c>quantization_config</c>.</param>
    /// <param name="method">The <c>quant_method</c>, which names the algorithm where nothing else does.</param>
    internal static QuantizationConfig Read(ConfigObject json, string method = "modelopt")
    {
        ConfigObject inner = json.TryObject("quantization") ?? json;
        string? implied = method switch
        {
            "modelopt_fp8" => "FP8",
            "modelopt_fp4" or "nvfp4" => "NVFP4",
            "modelopt_mxfp8" => "MXFP8",
            "modelopt_mixed" => Mixed,
            _ => null,
        };
        if (inner.TryString("quant_algo") is null && implied is null && inner.Has("kv_cache_quant_algo"))
        {
            // The cache alone is quantised.
            return new() { QuantMethod = "modelopt", ActivationScheme = "none", ModulesToNotConvert = QuantizationConfig.NotConverted(inner) };
        }

        string algorithm = inner.TryString("quant_algo") ?? implied ?? throw inner.Missing("quant_algo", $"one of {Supported}");
        (ScaleLayout Layout, string Activations)[] used = algorithm.Equals(Mixed, StringComparison.OrdinalIgnoreCase) ? OfLayers(inner) : [Find(inner, algorithm)];
        ScaleLayout[] layouts = [.. used.Select(one => one.Layout).Distinct()];
        string[] activations = [.. used.Select(one => one.Activations).Distinct()];
        return new()
        {
            QuantMethod = "modelopt",
            ActivationScheme = activations is [string only] ? only : "static",
            Layouts = layouts,
            WeightBlockSize = layouts is [{ BlockRows: > 1 } block] ? (block.BlockRows, block.BlockColumns) : null,
            ByteScales = layouts.Any(layout => layout == ScaleLayout.Group(32)) ? DataType.Float8E8M0FNU : null,
            ByteCodes = DataType.Float8E4M3FN,
            HasTokenScales = layouts is [var rows] && rows == ScaleLayout.Channel,
            ModulesToNotConvert = QuantizationConfig.NotConverted(inner),
        };
    }

    /// <summary>Each of the <c>quantized_layers</c>; all that are known where they are not listed.</summary>
    static (ScaleLayout Layout, string Activations)[] OfLayers(ConfigObject json)
    {
        List<(ScaleLayout Layout, string Activations)> used = [];
        if (json.TryObject("quantized_layers") is { } layers)
        {
            foreach ((_, ConfigObject layer) in layers.Objects)
            {
                if (layer.TryString("quant_algo") is { } algorithm)
                {
                    used.Add(Find(layer, algorithm));
                }
            }
        }

        return used.Count > 0 ? [.. used] : [.. s_algorithms.Values];
    }

    static (ScaleLayout Layout, string Activations) Find(ConfigObject json, string algorithm)
    {
        if (!s_algorithms.TryGetValue(algorithm, out (ScaleLayout Layout, string Activations) found))
        {
            throw json.Unsupported("quant_algo", Supported);
        }

        // Of formats that have groups it is written, sometimes as 0.
        bool isGroup = found.Layout is { BlockRows: 1, BlockColumns: > 0 };
        return isGroup && json.TryInt32("group_size", 0) is int group and > 0 ? (ScaleLayout.Group(group), found.Activations) : found;
    }
}
