using System.Text;
using Octet.Backends;
using Octet.Safetensors;

namespace Octet.Checkpoints;

/// <summary>
/// The <c>quantization_config</c> of <c>config.json</c> (or Model Optimizer's <c>hf_quant_config.json</c>): how the producer says the
/// weights were quantised. It is a claim, not the truth: whether one linear layer is quantised is decided by its tensors, and tensors that
/// contradict the claim are an error.
/// </summary>
public sealed record QuantizationConfig
{
    /// <summary>The key of a single file's metadata that holds what a directory has in <c>config.json</c>.</summary>
    internal const string MetadataKey = "quantization_config";

    /// <summary><c>quant_method</c>: <c>fp8</c>, <c>compressed-tensors</c>, <c>modelopt</c>, <c>fbgemm_fp8</c>, <c>torchao</c>, <c>quanto</c> or <c>mxfp4</c>.</summary>
    public required string QuantMethod { get; init; }

    /// <summary><c>fmt</c>: <c>e4m3</c>, which is also what an absent key means, or <c>e5m2</c>.</summary>
    public string Fmt { get; init; } = "e4m3";

    /// <summary>
    /// <c>dynamic</c> (scales of activations are computed while running), which is also what an absent key means; <c>static</c> (the
    /// checkpoint has them), or <c>none</c> (weights alone are quantised).
    /// </summary>
    public string ActivationScheme { get; init; } = "dynamic";

    /// <summary><c>weight_block_size</c>: rows (outputs) and columns (inputs) that share one scale; null where blocks have another shape.</summary>
    public (int Rows, int Columns)? WeightBlockSize { get; init; }

    /// <summary>
    /// <c>modules_to_not_convert</c>, <c>ignored_layers</c>, <c>ignore</c> and <c>exclude_modules</c>, the spellings in use, together:
    /// modules the producer left in their original type. Incomplete in published files.
    /// </summary>
    public IReadOnlyList<string> ModulesToNotConvert { get; init; } = [];

    /// <summary>The layouts of scales that the config allows; empty where it does not say.</summary>
    internal IReadOnlyList<ScaleLayout> Layouts { get; init; } = [];

    /// <summary>Whether scales stored as plain bytes are powers of two (E8M0): so the microscaled formats have it.</summary>
    internal bool HasByteScales { get; init; }

    /// <summary>Whether scales are powers of two, those in wider types too (<c>scale_fmt: ue8m0</c>, DeepSeek-V3.1).</summary>
    internal bool HasPowerOfTwoScales { get; init; }

    /// <summary>Whether the producer gives all channels of a token one scale; else 128 of them share one.</summary>
    internal bool HasTokenScales { get; init; }

    /// <summary><c>activation_scale_ub</c> (fbgemm): the most that counts as the largest magnitude of a token; null: no bound.</summary>
    internal double? InputBound { get; init; }

    /// <summary>How scales of inputs are computed.</summary>
    internal InputQuantization DynamicInput => InputQuantization.Dynamic with
    {
        Group = HasTokenScales ? 0 : InputQuantization.DefaultGroup,
        PowerOfTwo = HasPowerOfTwoScales,
        Bound = (float)(InputBound ?? double.PositiveInfinity),
    };

    internal static QuantizationConfig Read(ConfigObject json)
    {
        const string Methods = "fp8, compressed-tensors, modelopt, fbgemm_fp8, torchao, quanto, mxfp4";
        return json.String("quant_method", $"one of {Methods}") switch
        {
            "fp8" => ReadFp8(json),
            "compressed-tensors" => CompressedTensorsConfig.Read(json),
            "modelopt" => ReadModelOpt(json),
            "fbgemm_fp8" => new()
            {
                QuantMethod = "fbgemm_fp8",
                Layouts = [ScaleLayout.Channel],
                HasTokenScales = true,
                InputBound = json.TryDouble("activation_scale_ub", "a number above 0", value => value > 0),
                ModulesToNotConvert = NotConverted(json),
            },
            "torchao" => ReadTorchAo(json),
            "quanto" => ReadQuanto(json),
            "mxfp4" => new() { QuantMethod = "mxfp4", ActivationScheme = "none", Layouts = [ScaleLayout.Group(32)], HasByteScales = true, ModulesToNotConvert = NotConverted(json) },
            _ => throw json.Unsupported("quant_method", Methods),
        };
    }

    /// <summary>That of a model directory of any architecture; null where there is none.</summary>
    internal static QuantizationConfig? Find(string directory)
    {
        string config = Path.Combine(directory, ModelConfig.FileName);
        ConfigObject? json = File.Exists(config) ? ConfigObject.Load(config).TryObject("quantization_config") : null;
        return json is null ? FindModelOpt(directory) : Read(json);
    }

    /// <summary>That of a directory with Model Optimizer's own file; null where there is none.</summary>
    internal static QuantizationConfig? FindModelOpt(string directory)
    {
        string path = Path.Combine(directory, ModelConfig.ModelOptFileName);
        return File.Exists(path) ? ReadModelOpt(ConfigObject.Load(path)) : null;
    }

    /// <summary>That in the metadata of a single file; null where there is none.</summary>
    internal static QuantizationConfig? OfFile(SafetensorsFile file)
        => file.Metadata.TryGetValue(MetadataKey, out string? text) ? Read(ConfigObject.Parse(Encoding.UTF8.GetBytes(text), $"{file.Path}, metadata {MetadataKey}")) : null;

    /// <summary>Model Optimizer's own file, or the same keys in <c>config.json</c>.</summary>
    internal static QuantizationConfig ReadModelOpt(ConfigObject json)
    {
        ConfigObject inner = json.TryObject("quantization") ?? json;
        const string Supported = "FP8, FP8_PER_CHANNEL_PER_TOKEN, FP8_PB_WO, MXFP8, NVFP4, W4A16_NVFP4, MIXED_PRECISION";
        (ScaleLayout[] Layouts, string Activations) algorithm = inner.String("quant_algo", Supported) switch
        {
            "FP8" => ([ScaleLayout.Tensor], "static"),
            "FP8_PER_CHANNEL_PER_TOKEN" => ([ScaleLayout.Channel], "dynamic"),
            "FP8_PB_WO" => ([new ScaleLayout(128, 128)], "none"),
            "MXFP8" => ([ScaleLayout.Group(32)], "dynamic"),
            "NVFP4" => ([ScaleLayout.Group(16)], "static"),
            "W4A16_NVFP4" => ([ScaleLayout.Group(16)], "none"),
            "MIXED_PRECISION" => ([], "static"),
            _ => throw inner.Unsupported("quant_algo", Supported),
        };
        return new()
        {
            QuantMethod = "modelopt",
            ActivationScheme = algorithm.Activations,
            Layouts = algorithm.Layouts,
            HasByteScales = algorithm.Layouts is [] or [{ BlockColumns: 32 }],
            HasTokenScales = algorithm.Layouts is [var layout] && layout == ScaleLayout.Channel,
            ModulesToNotConvert = NotConverted(inner),
        };
    }

    static QuantizationConfig ReadFp8(ConfigObject json)
    {
        string format = json.TryString("fmt") switch
        {
            null or "e4m3" or "float8_e4m3fn" => "e4m3",
            "e5m2" or "float8_e5m2" => "e5m2",
            _ => throw json.Unsupported("fmt", "e4m3, e5m2"),
        };
        string scheme = json.TryString("activation_scheme") ?? "dynamic";
        if (scheme is not ("dynamic" or "static"))
        {
            throw json.Unsupported("activation_scheme", "dynamic, static");
        }

        string? scaleFormat = json.TryString("scale_fmt");
        if (scaleFormat is not (null or "float" or "ue8m0"))
        {
            throw json.Unsupported("scale_fmt", "float, ue8m0");
        }

        const string Block = "weight_block_size";
        (int Rows, int Columns)? block = json.TryInt32s(Block, minimum: 1) switch
        {
            null => null,
            [int rows, int columns] => (rows, columns),
            _ => throw json.Unexpected(Block, "a list of rows and columns such as [128, 128]"),
        };
        return new QuantizationConfig
        {
            QuantMethod = "fp8",
            Fmt = format,
            ActivationScheme = scheme,
            WeightBlockSize = block,
            HasPowerOfTwoScales = scaleFormat == "ue8m0",
            Layouts = [block is { } size ? new ScaleLayout(size.Rows, size.Columns) : ScaleLayout.Tensor],
            ModulesToNotConvert = NotConverted(json),
        };
    }

    // The scales' layout is in the tensors' shapes: one, one for each row, or one for each block of 128 x 128.
    static QuantizationConfig ReadTorchAo(ConfigObject json)
    {
        const string Supported = "Float8WeightOnlyConfig, Float8DynamicActivationFloat8WeightConfig";
        string type = json.TryObject("quant_type")?.TryObject("default")?.TryString("_type") ?? throw json.Missing("quant_type", $"a default with a _type, one of {Supported}");
        if (type is not ("Float8WeightOnlyConfig" or "Float8DynamicActivationFloat8WeightConfig"))
        {
            throw json.Unsupported("quant_type", Supported);
        }

        return new()
        {
            QuantMethod = "torchao",
            ActivationScheme = type == "Float8WeightOnlyConfig" ? "none" : "dynamic",
            Layouts = [ScaleLayout.Tensor, ScaleLayout.Channel, new ScaleLayout(128, 128)],
            ModulesToNotConvert = NotConverted(json),
        };
    }

    static QuantizationConfig ReadQuanto(ConfigObject json)
    {
        string format = json.String("weights", "float8") switch
        {
            "float8" or "float8_e4m3fn" => "e4m3",
            "float8_e5m2" => "e5m2",
            "float8_e4m3fnuz" => "e4m3fnuz",
            _ => throw json.Unsupported("weights", "float8, float8_e4m3fn, float8_e4m3fnuz, float8_e5m2"),
        };
        return new()
        {
            QuantMethod = "quanto",
            Fmt = format,

            // Inputs of other types have scales under the same name.
            ActivationScheme = json.TryString("activations") is "float8" or "float8_e4m3fn" ? "static" : "none",
            Layouts = [ScaleLayout.Channel, ScaleLayout.Tensor],
            ModulesToNotConvert = NotConverted(json),
        };
    }

    internal static IReadOnlyList<string> NotConverted(ConfigObject json)
        => [.. ((string[])["modules_to_not_convert", "ignored_layers", "ignore", "exclude_modules"]).SelectMany(key => json.TryStrings(key) ?? []).Distinct(StringComparer.Ordinal)];
}
