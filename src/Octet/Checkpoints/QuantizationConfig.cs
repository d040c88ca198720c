using System.Text;
using Octet.Backends;
using Octet.Numerics;
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

    /// <summary>
    /// <c>quant_method</c>: <c>fp8</c>, <c>mxfp8</c>, <c>compressed-tensors</c>, <c>modelopt</c> (Model Optimizer, under each of its names), <c>fbgemm_fp8</c>,
    /// <c>w8a8_fp8</c>, <c>torchao</c>, <c>quanto</c>, <c>quark</c>, <c>auto-round</c>, <c>mxfp4</c>, or <c>mlx</c>, whose files have no such key.
    /// </summary>
    public required string QuantMethod { get; init; }

    /// <summary><c>fmt</c>: <c>e4m3</c>, which is also what an absent key means, or <c>e5m2</c>; of several types in one model <c>e4m3</c>.</summary>
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

    /// <summary>What scales stored as plain bytes are: E8M0, powers of two, in the microscaled formats, E4M3 in one of MLX's; null where no scheme has such.</summary>
    internal DataType? ByteScales { get; init; }

    /// <summary>What codes stored as plain bytes, one for each weight, are (MLX hands FP8 on as bytes); null where the config does not say.</summary>
    internal DataType? ByteCodes { get; init; }

    /// <summary>The types of codes that are said, for all layers or for some; empty: what <see cref="Fmt"/> says.</summary>
    internal IReadOnlyList<DataType> CodeTypes { get; init; } = [];

    /// <summary>Whether codes of E4M3 or E5M2 may be of this type. What others are their tensors alone say.</summary>
    internal bool Allows(DataType codes) => codes is not (DataType.Float8E4M3FN or DataType.Float8E5M2)
        || CodeTypes.Contains(codes)
        || (!CodeTypes.Any(IsFloat8) && (Fmt.Length == 0 || (Fmt == "e5m2") == (codes == DataType.Float8E5M2)));

    static bool IsFloat8(DataType codes) => codes is DataType.Float8E4M3FN or DataType.Float8E5M2;

    /// <summary>With what producers say that name the codes' types layer by layer.</summary>
    internal QuantizationConfig WithCodes(IEnumerable<DataType> types)
    {
        DataType[] all = [.. types.Distinct()];
        DataType[] narrow = [.. all.Where(type => type != DataType.Float4E2M1FN)];

        // Bytes do not say of which of two types they are.
        return this with { CodeTypes = all, Fmt = narrow is [DataType.Float8E5M2] ? "e5m2" : "e4m3", ByteCodes = narrow is [var only] ? only : null };
    }

    /// <summary>The name of the file that this was read from, for messages.</summary>
    internal string Source { get; init; } = ModelConfig.FileName;

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
        RequireLinear(json);
        return ReadMethod(json) with { Source = Path.GetFileName(json.File) };
    }

    /// <summary>SGLang's names for NVFP4 whose scales lie in tiles and whose codes have the upper half first. Read as if they did not, it would be other weights.</summary>
    static void RequireLinear(ConfigObject json)
    {
        const string Nibbles = "swap_weight_nibbles", Scales = "checkpoint_weight_scale_layout";
        const string Reason = "such codes and scales are read only where the files mark the layers as ComfyUI does (NAME.comfy_quant, _quantization_metadata)";
        if (json.TryBoolean(Nibbles) is true)
        {
            throw json.Refused(Nibbles, Reason);
        }

        if (json.TryString(Scales) is not (null or "linear"))
        {
            throw json.Refused(Scales, Reason);
        }
    }

    static QuantizationConfig ReadMethod(ConfigObject json)
    {
        const string Methods = "fp8, mxfp8, compressed-tensors, modelopt, nvfp4, fbgemm_fp8, w8a8_fp8, torchao, quanto, quark, auto-round, mxfp4";
        if (!json.Has("quant_method"))
        {
            return MlxConfig.IsIn(json) ? MlxConfig.Read(json)
                : json.Has("quant_algo") || json.Has("kv_cache_quant_algo") || json.IsObject("quantization") ? ModelOptConfig.Read(json)
                : json.Has("hp_dtype") ? throw json.Refused("quant_method", UnreadMethods.All["inc"])
                : throw json.Missing("quant_method", $"one of {Methods}");
        }

        string method = json.String("quant_method", $"one of {Methods}").ToLowerInvariant();
        switch (method)
        {
            case "fp8" or "mxfp8":
                return ReadFp8(json, isMicroscaled: method == "mxfp8");
            case "compressed-tensors" or "compressed_tensors":
                return CompressedTensorsConfig.Read(json);
            case "modelopt" or "modelopt_fp8" or "modelopt_fp4" or "modelopt_mxfp8" or "modelopt_mixed" or "nvfp4":
                return ModelOptConfig.Read(json, method);
            case "fbgemm_fp8":
                return new()
                {
                    QuantMethod = method,
                    Layouts = [ScaleLayout.Channel],
                    ByteCodes = DataType.Float8E4M3FN,
                    HasTokenScales = true,
                    InputBound = json.TryDouble("activation_scale_ub", "a number above 0", value => value > 0),
                    ModulesToNotConvert = NotConverted(json),
                };
            case "w8a8_fp8":
                return new()
                {
                    QuantMethod = method,
                    Layouts = [ScaleLayout.Channel, ScaleLayout.Tensor],
                    ByteCodes = DataType.Float8E4M3FN,
                    HasTokenScales = true,
                    ModulesToNotConvert = NotConverted(json),
                };
            case "torchao":
                return TorchAoConfig.Read(json);
            case "quanto":
                return ReadQuanto(json);
            case "quark":
                return QuarkConfig.Read(json);
            case "auto-round" or "auto_round" or "intel/auto-round":
                return AutoRoundConfig.Read(json);
            case "mxfp4":
                return new() { QuantMethod = method, ActivationScheme = "none", Layouts = [ScaleLayout.Group(32)], ByteScales = DataType.Float8E8M0FNU, ModulesToNotConvert = NotConverted(json) };
            default:
                throw UnreadMethods.All.TryGetValue(method, out string? reason) ? json.Refused("quant_method", reason) : json.Unsupported("quant_method", Methods);
        }
    }

    /// <summary>That of a model directory of any architecture; null where there is none.</summary>
    internal static QuantizationConfig? Find(string directory)
    {
        string config = Path.Combine(directory, ModelConfig.FileName);
        ConfigObject? json = File.Exists(config) ? OfConfig(ConfigObject.Load(config)) : null;
        return json is null ? FindModelOpt(directory) : Read(json);
    }

    /// <summary>What a <c>config.json</c> has, which early files of MLX call <c>quantization</c>; null where there is none.</summary>
    internal static ConfigObject? OfConfig(ConfigObject json)
        => json.TryObject("quantization_config") ?? (json.IsObject("quantization") && json.TryObject("quantization") is { } mlx && MlxConfig.IsIn(mlx) ? mlx : null);

    /// <summary>That of a directory with Model Optimizer's own file; null where there is none.</summary>
    internal static QuantizationConfig? FindModelOpt(string directory)
    {
        string path = Path.Combine(directory, ModelConfig.ModelOptFileName);
        return File.Exists(path) ? ModelOptConfig.Read(ConfigObject.Load(path)) with { Source = ModelConfig.ModelOptFileName } : null;
    }

    /// <summary>In place of one that is not there: blocks of a size that somebody names.</summary>
    internal static QuantizationConfig OfBlocks(int rows, int columns) => new()
    {
        QuantMethod = "",
        Fmt = "",
        Layouts = [new ScaleLayout(rows, columns), ScaleLayout.Tensor, ScaleLayout.Channel],
        WeightBlockSize = (rows, columns),
        ByteScales = DataType.Float8E8M0FNU,
        Source = "the block size that was given",
    };

    /// <summary>Whether a file says nothing: codes may then be without scales.</summary>
    internal bool IsGiven => QuantMethod.Length == 0;

    /// <summary>That in the metadata of a single file; null where there is none.</summary>
    internal static QuantizationConfig? OfFile(SafetensorsFile file)
        => file.Metadata.TryGetValue(MetadataKey, out string? text) ? Read(ConfigObject.Parse(Encoding.UTF8.GetBytes(text), $"{file.Path}, metadata {MetadataKey}")) : null;

    static QuantizationConfig ReadFp8(ConfigObject json, bool isMicroscaled)
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
        (int Rows, int Columns)? block = json.TryBlock(Block) ?? (isMicroscaled ? (1, 32) : null);
        if (isMicroscaled && block != (1, 32))
        {
            throw json.Unexpected(Block, "[1, 32] with quant_method mxfp8");
        }

        DataType codes = format == "e5m2" ? DataType.Float8E5M2 : DataType.Float8E4M3FN;
        bool powersOfTwo = isMicroscaled || scaleFormat == "ue8m0";
        return new QuantizationConfig
        {
            QuantMethod = isMicroscaled ? "mxfp8" : "fp8",
            Fmt = format,
            ActivationScheme = scheme,
            WeightBlockSize = block,
            HasPowerOfTwoScales = powersOfTwo,
            ByteScales = powersOfTwo || block == (1, 32) ? DataType.Float8E8M0FNU : null,
            ByteCodes = codes,
            Layouts = [block is { } size ? new ScaleLayout(size.Rows, size.Columns) : ScaleLayout.Tensor],
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
