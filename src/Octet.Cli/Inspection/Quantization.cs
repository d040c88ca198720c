using System.Globalization;
using Octet.Checkpoints;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Cli.Inspection;

/// <summary>
/// How the weights of a checkpoint are quantised, read from the tensors themselves: what belongs to a weight is known by the engine's table
/// of names, what it is by types and shapes; <c>config.json</c> has a say only where a shape fits several layouts.
/// </summary>
static class Quantization
{
    /// <summary>One line such as <c>F8_E4M3, 128 x 128 blocks, BF16 scales</c>; of several schemes each with its number of tensors.</summary>
    internal static string Describe(SafetensorsCheckpoint checkpoint, QuantizationConfig? config, LayerFormats? formats)
    {
        List<(string Scheme, int Count)> schemes = [.. checkpoint.Tensors
            .Select(tensor => QuantizedLayer.Of(checkpoint, tensor, config, formats))
            .OfType<QuantizedLayer>()
            .GroupBy(layer => Scheme(layer, config))
            .Select(group => (group.Key, group.Count()))
            .OrderByDescending(scheme => scheme.Item2)];
        return schemes switch
        {
            [] => "not quantised",
            [(string only, int count)] => Counted(only, count),
            _ => "mixed: " + string.Join("; ", schemes.Select(scheme => Counted(scheme.Scheme, scheme.Count))),
        };
    }

    /// <summary>Whether a tensor holds the scales of another one, or those of its inputs and outputs.</summary>
    internal static bool IsScale(SafetensorsCheckpoint checkpoint, string name)
    {
        return WeightScheme.All.Any(scheme => Has(scheme.Scale, scheme) || (scheme.Global is { } global && Has(global, scheme)) || WeightScheme.InputScales.Concat(WeightScheme.UnusedScales).Append(WeightScheme.InputFactors).Any(suffix => Has(suffix, scheme)));

        bool Has(string suffix, WeightScheme scheme)
            => name.EndsWith(suffix, StringComparison.Ordinal) && checkpoint.TryGetTensor(name[..^suffix.Length] + scheme.Codes, out _);
    }

    internal static bool IsFloat8(DataType type) => type
        is DataType.Float8E4M3FN or DataType.Float8E5M2 or DataType.Float8E4M3FNUZ or DataType.Float8E5M2FNUZ;

    static string Counted(string scheme, int count) =>
        string.Create(CultureInfo.InvariantCulture, $"{scheme} ({count} {(count == 1 ? "tensor" : "tensors")})");

    /// <summary>How a layer is quantised, such as <c>F8_E4M3, 128 x 128 blocks, BF16 scales</c>.</summary>
    internal static string Scheme(QuantizedLayer layer, QuantizationConfig? config)
    {
        if (layer.ElementType is not { } element)
        {
            return $"U8 of the full shape: FP8 codes saved as bytes, {Text(layer.Layout(config), layer)}";
        }

        string type = element.SafetensorsName();
        if (layer.Scale is not { } scale)
        {
            return $"{type} without scales";
        }

        ScaleLayout? layout = layer.Layout(config);
        bool isMicroscaled = layout == ScaleLayout.Group(32) && scale.DataType is DataType.UInt8 or DataType.Float8E8M0FNU;
        DataType scaleType = layer.Format?.BlockScale ?? (scale.DataType == DataType.UInt8 ? config?.ByteScales : null) ?? scale.DataType;
        string scales = isMicroscaled || (scale.DataType == DataType.UInt8 && scaleType == DataType.Float8E8M0FNU) ? "E8M0" : scaleType.SafetensorsName();
        string name = (element, layer.Global) switch
        {
            (DataType.Float4E2M1FN, _) when layout == ScaleLayout.Group(16) && scaleType == DataType.Float8E4M3FN => "NVFP4",
            (DataType.Float4E2M1FN, null) when isMicroscaled => "MXFP4",
            (_, null) when isMicroscaled && IsFloat8(element) => $"MXFP8 of {type}",
            _ => type,
        };
        string global = layer.Global is { } tensor ? $" and one {tensor.DataType.SafetensorsName()} for each tensor" : "";
        string tiles = layer.Format is not { IsTiled: true } ? "" : layer.ElementType == DataType.Float4E2M1FN ? " in tiles of 128 x 4, upper half of a byte first" : " in tiles of 128 x 4";
        return $"{name}, {Text(layout, layer)}, {scales} scales{global}{tiles}";
    }

    static string Text(ScaleLayout? layout, QuantizedLayer layer) => layout switch
    {
        null => $"scales of shape {TensorShape.Text(layer.Scale!.Shape)} for weights of {TensorShape.Text(layer.Codes.Shape)}",
        { BlockRows: 0, BlockColumns: 0 } => "one scale for each tensor",
        { BlockRows: 1, BlockColumns: 0 } => "one scale for each output channel",
        { BlockRows: 1, BlockColumns: var length } => string.Create(CultureInfo.InvariantCulture, $"{length} weights of a row"),
        { BlockRows: var rows, BlockColumns: var columns } => string.Create(CultureInfo.InvariantCulture, $"{rows} x {columns} blocks"),
    };
}
