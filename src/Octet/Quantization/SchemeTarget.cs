using System.Text.Json.Nodes;
using Octet.Checkpoints;
using Octet.Numerics;

namespace Octet.Quantization;

/// <summary>One of the <see cref="QuantizationScheme"/>s, applied to all linear layers that are not excluded.</summary>
/// <param name="options">Which, and how.</param>
/// <param name="otherParts">Beginnings of the names of what does not read text: who publishes a model that sees leaves that wide.</param>
sealed class SchemeTarget(QuantizationOptions options, IReadOnlyList<string> otherParts) : EncodingTarget
{
    const int BlockSize = 128;

    readonly Dictionary<string, LargestMagnitude> _fused = [];
    readonly ExcludedModules _excluded = new(options.Exclude);

    internal override bool EncodesWide => options.Scheme != QuantizationScheme.BFloat16;

    internal override (WeightEncoder? Encoder, string? Reason) TryCreate(string module, long rows, int columns)
    {
        if (!EncodesWide || !IsWanted(module))
        {
            return (null, null);
        }

        int group = options.Scheme switch
        {
            QuantizationScheme.Mxfp8 or QuantizationScheme.Mxfp4 => Microscaling.BlockLength,
            QuantizationScheme.Nvfp4 => Nvfp4.BlockLength,
            _ => 1,
        };
        return columns % group == 0
            ? (Create(module, rows, columns), null)
            : (null, $"{module} stays wide: its rows of {columns} weights are not whole groups of {group}");
    }

    internal override bool Excludes(string module) => _excluded.Contains(module);

    internal override JsonObject? Config(IReadOnlyList<string> unconverted, string? head)
        => PublishedConfig.Create(options.Scheme, options.PowerOfTwoScales, unconverted, head);

    /// <summary>
    /// vLLM and SGLang cut blocks at the lower edge of the last layer alone that they fuse (<c>validate_fp8_block_shape</c>), and none at the right: they
    /// quantise inputs in whole groups of 128 (<c>per_token_group_quant_fp8</c>).
    /// </summary>
    internal override string? Objection(IReadOnlyCollection<WeightEncoder> encoded)
    {
        if (options.Scheme != QuantizationScheme.Block)
        {
            return null;
        }

        WeightEncoder[] cut = [.. encoded.Where(encoder => encoder.Columns % BlockSize != 0 || (encoder.Rows % BlockSize != 0 && FusedLayers.IsFollowed(encoder.Module)))];
        return cut is [] ? null
            : $"{cut[0].Module} of {cut[0].Rows} x {cut[0].Columns} weights{(cut.Length == 1 ? " has" : $" and {cut.Length - 1} more have")} blocks that are cut where vLLM and SGLang may refuse it; the scheme channel has no blocks";
    }

    bool IsWanted(string module)
    {
        string[] parts = module.Split('.');
        string last = parts[^1];
        bool linear = last switch
        {
            "lm_head" => options.LmHead,

            // Mixture of experts: loaders keep the routers wide, also those that are a layer inside (router.layer, router.proj, gate.wg).
            "shared_expert_gate" => false,
            _ when parts.Any(part => part is "gate" or "router") => false,

            // Gates of the delta rule (Qwen3-Next, Qwen3.5), a row for each head: published wide, and too few rows for engines that fuse blocks.
            "in_proj_a" or "in_proj_b" or "in_proj_ba" => false,
            "b_proj" or "f_a_proj" or "f_b_proj" or "g_a_proj" or "g_b_proj" => false,

            // Layers that predict more tokens (DeepSeek-V3, GLM-4.5): published wide, and no loader looks for scales.
            "eh_proj" => false,
            "head" when module.EndsWith(".shared_head.head", StringComparison.Ordinal) => false,

            // Gemma 4's inputs of layers: small, and left by those who publish it.
            _ when last.StartsWith("per_layer_", StringComparison.Ordinal) => false,

            // On top of an encoder: a row for each text, not for each token.
            _ when parts.Any(part => part is "pooler" or "classifier" or "score") || module == "head.dense" => false,
            _ => !last.Contains("embed", StringComparison.OrdinalIgnoreCase) && last is not ("wte" or "wpe") && !last.Contains("norm", StringComparison.OrdinalIgnoreCase),
        };
        return linear && !_excluded.Contains(module) && !otherParts.Any(part => module.StartsWith(part, StringComparison.Ordinal));
    }

    WeightEncoder Create(string module, long rows, int columns) => options.Scheme switch
    {
        QuantizationScheme.Mxfp8 => Microscaled<Float8E4M3FN>(module, rows, columns, ".weight"),
        QuantizationScheme.Mxfp4 => Microscaled<Float4E2M1FN>(module, rows, columns, ".weight_packed"),
        QuantizationScheme.Nvfp4 => new Nvfp4Encoder(module, rows, columns, Fused(module), options.Search),
        _ => (options.ScaleType ?? DataType.Float32) switch
        {
            DataType.BFloat16 => Scaled<BFloat16>(module, rows, columns),
            DataType.Float16 => Scaled<Half>(module, rows, columns),
            DataType.Float8E8M0FNU => Scaled<Float8E8M0FNU>(module, rows, columns),
            _ => Scaled<float>(module, rows, columns),
        },
    };

    WeightEncoder Scaled<TScale>(string module, long rows, int columns)
        where TScale : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<TScale>, System.Numerics.IMinMaxValue<TScale>
    {
        // A scale that only the exponent has must not be rounded down: the largest weights would saturate.
        bool powers = options.PowerOfTwoScales || typeof(TScale) == typeof(Float8E8M0FNU);
        ScaleRule rule = powers ? ScaleRule.PowerOfTwoCeiling : ScaleRule.Ratio;
        var names = new SchemeTensors(".weight", options.Scheme == QuantizationScheme.Block ? ".weight_scale_inv" : ".weight_scale", DataTypes.Of<TScale>());
        return options.Scheme switch
        {
            QuantizationScheme.Tensor => new TensorEncoder<TScale>(module, rows, columns, names, rule, options.Search),
            QuantizationScheme.Channel => new ScaledEncoder<Float8E4M3FN, TScale>(module, rows, columns, ScaleLayout.Channel, names, rule, options.Search),
            _ => new ScaledEncoder<Float8E4M3FN, TScale>(module, rows, columns, new ScaleLayout(BlockSize, BlockSize), names, rule, options.Search),
        };
    }

    // compressed-tensors rounds the exponent as its own quantiser does, and stores it as a plain byte.
    ScaledEncoder<T, Float8E8M0FNU> Microscaled<T>(string module, long rows, int columns, string codes)
        where T : unmanaged, ISmallFloat<T>
        => new(module, rows, columns, ScaleLayout.Group(Microscaling.BlockLength), new SchemeTensors(codes, ".weight_scale", DataType.UInt8), ScaleRule.PowerOfTwoRounded, options.Search);

    LargestMagnitude Fused(string module)
    {
        string key = FusedLayers.Key(module);
        if (!_fused.TryGetValue(key, out LargestMagnitude? largest))
        {
            _fused.Add(key, largest = new LargestMagnitude());
        }

        return largest;
    }
}
