using System.Globalization;

namespace Octet.Checkpoints;

/// <summary>
/// The <c>quantization_config</c> of <c>config.json</c>: how the producer says the weights were quantised. It is a claim, not the
/// truth: whether one linear layer is quantised is decided by its tensors.
/// </summary>
public sealed record QuantizationConfig
{
    const string Supported = "fp8 with e4m3 weights in 128 x 128 blocks and dynamic activations";
    const int BlockLength = 128;

    /// <summary><c>quant_method</c>: <c>fp8</c>.</summary>
    public required string QuantMethod { get; init; }

    /// <summary><c>fmt</c>: <c>e4m3</c>, which is also what an absent key means.</summary>
    public string Fmt { get; init; } = "e4m3";

    /// <summary><c>activation_scheme</c>: <c>dynamic</c> (scales are computed while running), which is also what an absent key means.</summary>
    public string ActivationScheme { get; init; } = "dynamic";

    /// <summary><c>weight_block_size</c>: rows (outputs) and columns (inputs) that share one scale; null where a scale covers a whole tensor.</summary>
    public (int Rows, int Columns)? WeightBlockSize { get; init; }

    /// <summary>
    /// <c>modules_to_not_convert</c> and <c>ignored_layers</c>, the two spellings in use, together: modules the producer left in their
    /// original type. Incomplete in published files.
    /// </summary>
    public IReadOnlyList<string> ModulesToNotConvert { get; init; } = [];

    internal static QuantizationConfig Read(ConfigObject json)
    {
        string method = json.String("quant_method", Supported);
        if (method != "fp8")
        {
            throw json.Unsupported("quant_method", Supported);
        }

        string format = json.TryString("fmt") ?? "e4m3";
        if (format is not ("e4m3" or "float8_e4m3fn"))
        {
            throw json.Unsupported("fmt", Supported);
        }

        string scheme = json.TryString("activation_scheme") ?? "dynamic";
        if (scheme != "dynamic")
        {
            throw json.Unsupported("activation_scheme", Supported);
        }

        // DeepSeek-V3.1 and later: activation scales rounded up to powers of two, so other results.
        if (json.TryString("scale_fmt") is not (null or "float"))
        {
            throw json.Unsupported("scale_fmt", "absent (scales that are not rounded)");
        }

        return new QuantizationConfig
        {
            QuantMethod = method,
            Fmt = format,
            ActivationScheme = scheme,
            WeightBlockSize = ReadBlock(json),
            ModulesToNotConvert = [.. json.TryStrings("modules_to_not_convert") ?? [], .. json.TryStrings("ignored_layers") ?? []],
        };
    }

    static (int Rows, int Columns) ReadBlock(ConfigObject json)
    {
        const string Key = "weight_block_size";
        return json.TryInt32s(Key, minimum: 1) switch
        {
            [BlockLength, BlockLength] => (BlockLength, BlockLength),
            null or [_, _] => throw json.Unsupported(Key, Supported),
            _ => throw json.Unexpected(Key, string.Create(CultureInfo.InvariantCulture, $"a list of rows and columns, [{BlockLength}, {BlockLength}]")),
        };
    }
}
