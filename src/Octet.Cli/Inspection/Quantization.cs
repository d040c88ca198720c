using System.Globalization;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Cli.Inspection;

/// <summary>
/// How the 8-bit weights of a checkpoint are scaled, read from the tensors themselves: a scale is known by its weight's name and its own
/// shape, whatever <c>config.json</c> says.
/// </summary>
static class Quantization
{
    const int BlockLength = 128;

    // weight_scale_inv multiplies too (DeepSeek, Qwen); weight_scale is compressed-tensors' and FBGEMM's name.
    static readonly string[] s_suffixes = ["_scale_inv", "_scale"];

    /// <summary>One line such as <c>F8_E4M3, 128 x 128 blocks, BF16 scales</c>; of several schemes each with its number of tensors.</summary>
    internal static string Describe(SafetensorsCheckpoint checkpoint)
    {
        List<(string Scheme, int Count)> schemes = [.. checkpoint.Tensors
            .Where(tensor => IsFloat8(tensor.DataType) && !IsScale(checkpoint, tensor.Name))
            .GroupBy(weight => Scheme(checkpoint, weight))
            .Select(group => (group.Key, group.Count()))
            .OrderByDescending(scheme => scheme.Item2)];
        return schemes switch
        {
            [] => "not quantised",
            [(string only, int count)] => Counted(only, count),
            _ => "mixed: " + string.Join("; ", schemes.Select(scheme => Counted(scheme.Scheme, scheme.Count))),
        };
    }

    static string Counted(string scheme, int count) =>
        string.Create(CultureInfo.InvariantCulture, $"{scheme} ({count} {(count == 1 ? "tensor" : "tensors")})");

    /// <summary>Whether a tensor holds the scales of another one.</summary>
    internal static bool IsScale(SafetensorsCheckpoint checkpoint, string name)
        => s_suffixes.Any(suffix => name.EndsWith(suffix, StringComparison.Ordinal) && checkpoint.TryGetTensor(name[..^suffix.Length], out _));

    internal static bool IsFloat8(DataType type) => type
        is DataType.Float8E4M3FN or DataType.Float8E5M2 or DataType.Float8E4M3FNUZ or DataType.Float8E5M2FNUZ;

    static string Scheme(SafetensorsCheckpoint checkpoint, TensorView weight)
    {
        string type = weight.DataType.SafetensorsName();
        TensorView? scale = null;
        if (!s_suffixes.Any(suffix => checkpoint.TryGetTensor(weight.Name + suffix, out scale)))
        {
            return $"{type} without scales";
        }

        return $"{type}, {Layout(weight.Shape, scale!)}, {scale!.DataType.SafetensorsName()} scales";
    }

    static string Layout(ReadOnlySpan<long> weight, TensorView scale)
    {
        ReadOnlySpan<long> shape = scale.Shape;
        if (scale.ElementCount == 1)
        {
            return "one scale for each tensor";
        }

        if (weight.Length >= 1 && scale.ElementCount == weight[0] && shape.Length > 0 && shape[0] == weight[0])
        {
            return "one scale for each output channel";
        }

        return weight.Length == 2 && shape.Length == 2 && shape[0] == Blocks(weight[0]) && shape[1] == Blocks(weight[1])
            ? $"{BlockLength} x {BlockLength} blocks"
            : $"scales of shape {TensorShape.Text(shape)} for weights of {TensorShape.Text(weight)}";
    }

    static long Blocks(long length) => (length + BlockLength - 1) / BlockLength;
}
