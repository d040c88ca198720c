using System.Globalization;
using Octet.Backends;
using Octet.Checkpoints;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Quantization;

/// <summary>
/// Codes that are no matrix: of several in one tensor, as mixtures of experts have it, each with scales of its own; and without scales of
/// any shape, as files have it that were cast as a whole.
/// </summary>
static class CodeTensors
{
    const string GptOssBlocks = "_blocks";
    const string GptOssScales = "_scales";

    // transformers' FP8 experts; compressed-tensors and FBGEMM; what a module of three dimensions has.
    static readonly (string Codes, string Scale)[] s_expertNames = [("", "_scale_inv"), ("", "_scale"), (".weight", ".weight_scale_inv"), (".weight", ".weight_scale")];

    /// <summary>Null for a tensor that is none of these.</summary>
    /// <exception cref="ModelException">It is one, and its scales do not fit.</exception>
    internal static SourceModule? TryRead(SafetensorsCheckpoint checkpoint, QuantizationConfig? quantization, TensorView tensor)
    {
        if (tensor.DataType == DataType.UInt8)
        {
            return tensor.Shape.Length == 4 && tensor.Shape[3] == 16 && tensor.Name.EndsWith(GptOssBlocks, StringComparison.Ordinal)
                && checkpoint.TryGetTensor(tensor.Name[..^GptOssBlocks.Length] + GptOssScales, out TensorView? exponents)
                ? GptOssExperts(tensor, exponents)
                : null;
        }

        if (tensor.DataType is not (DataType.Float8E4M3FN or DataType.Float8E5M2 or DataType.Float8E4M3FNUZ or DataType.Float8E5M2FNUZ or DataType.Float4E2M1FN))
        {
            return null;
        }

        if (tensor.Shape.Length == 3 && tensor.DataType != DataType.Float4E2M1FN)
        {
            foreach ((string codes, string suffix) in s_expertNames)
            {
                if (tensor.Name.EndsWith(codes, StringComparison.Ordinal) && checkpoint.TryGetTensor(tensor.Name[..^codes.Length] + suffix, out TensorView? scale))
                {
                    return Experts(tensor, scale, quantization);
                }
            }
        }

        return quantization is null ? Unscaled(tensor) : null;
    }

    static SourceModule Unscaled(TensorView tensor)
    {
        // Two of 4 bits share a byte, also across the ends of rows.
        long columns = tensor.Shape is [.., var last] && (tensor.DataType != DataType.Float4E2M1FN || last % 2 == 0) ? last : tensor.ElementCount;
        RequireWidth(tensor, columns);
        var weight = new LinearTensor(tensor, tensor.DataType, columns == 0 ? 0 : tensor.ElementCount / columns, (int)columns, null);
        return new SourceModule(tensor.Name, weight, []) { Shape = new WideShape(tensor.Name, tensor.Shape.ToArray()) };
    }

    /// <summary>[experts, outputs, inputs] with scales [experts, blocks of outputs, blocks of inputs], or one or [outputs] for each expert.</summary>
    static SourceModule Experts(TensorView tensor, TensorView scale, QuantizationConfig? quantization)
    {
        (long experts, long outputs, long inputs) = (tensor.Shape[0], tensor.Shape[1], tensor.Shape[2]);
        RequireWidth(tensor, inputs);
        ScaleLayout[] allowed = quantization is { Layouts: { Count: > 0 } layouts } ? [.. layouts] : [ScaleLayout.Tensor, ScaleLayout.Channel, new ScaleLayout(128, 128)];
        foreach (ScaleLayout layout in allowed)
        {
            (long rows, long columns) = layout.ScaleShape(outputs, inputs);
            if (ExpertScales.HasShape(scale, experts, rows, columns) && layout.HasWholeGroups(inputs))
            {
                return Module(layout.BlockRows == 0 ? outputs : layout.BlockRows, layout.BlockColumns == 0 ? inputs : layout.BlockColumns, (int)columns);
            }

            // Llama 4 stores its experts [inputs, outputs].
            if (layout == ScaleLayout.Channel && ExpertScales.HasShape(scale, experts, 1, inputs))
            {
                return Module(outputs, 1, checked((int)inputs));
            }
        }

        string expected = string.Join(" or ", allowed.Select(layout => $"[{experts}, {layout.ScaleShape(outputs, inputs).Rows}, {layout.ScaleShape(outputs, inputs).Columns}] ({layout})"));
        throw Error(scale, $"scales of shape {Text(scale)} for {tensor.Name} of {experts} matrices of {outputs} x {inputs} are not implemented: expected {expected}");

        SourceModule Module(long blockRows, long blockColumns, int across)
        {
            float[] values = ExpertScales.Read(scale);

            // An empty tensor has blocks of no size, and nothing to multiply.
            ScaleGrid? grid = tensor.ElementCount == 0 ? null : ExpertScales.Below(scale, values, experts, outputs, blockRows, checked((int)blockColumns), across);
            var weight = new LinearTensor(tensor, tensor.DataType, experts * outputs, checked((int)inputs), grid);
            return new SourceModule(tensor.Name, weight, [scale]) { Shape = new WideShape(tensor.Name, tensor.Shape.ToArray()) };
        }
    }

    /// <summary>
    /// [experts, outputs, inputs / 32, 16] of bytes with two codes each and exponents [experts, outputs, inputs / 32]. Wide, these experts are
    /// [experts, inputs, outputs]: <c>convert_moe_packed_tensors</c> of transformers.
    /// </summary>
    static SourceModule GptOssExperts(TensorView tensor, TensorView exponents)
    {
        (long experts, long outputs, long groups) = (tensor.Shape[0], tensor.Shape[1], tensor.Shape[2]);
        if (exponents.DataType is not (DataType.UInt8 or DataType.Float8E8M0FNU) || !exponents.Shape.SequenceEqual(tensor.Shape[..3]))
        {
            throw Error(exponents, $"scales of type {exponents.DataType} and shape {Text(exponents)} for {tensor.Name} of shape {Text(tensor)}: expected U8 or F8_E8M0 of [{experts}, {outputs}, {groups}]");
        }

        RequireWidth(tensor, groups, 32);
        string name = tensor.Name[..^GptOssBlocks.Length];
        int inputs = (int)groups * 32;
        ScaleGrid? grid = tensor.ElementCount == 0 ? null : new ScaleGrid(new ScaleCodes(exponents, experts * outputs, checked((int)groups), tiled: false), [.. Enumerable.Range(0, 256).Select(code => code == byte.MaxValue ? float.NaN : (float)Math.ScaleB(1, code - 127))], 1, 32);
        var weight = new LinearTensor(tensor, DataType.Float4E2M1FN, experts * outputs, inputs, grid);
        return new SourceModule(name, weight, [exponents]) { Shape = new WideShape(name, [experts, inputs, outputs], outputs) };
    }

    static void RequireWidth(TensorView tensor, long columns, int codes = 1)
    {
        if (columns > int.MaxValue / codes)
        {
            throw Error(tensor, $"rows of {(Int128)columns * codes} codes are not implemented: expected at most {int.MaxValue}");
        }
    }

    static string Text(TensorView tensor) => $"[{string.Join(", ", tensor.Shape.ToArray())}]";

    static ModelException Error(TensorView tensor, FormattableString what)
        => new(ModelError.Unsupported, $"{tensor.File.Path}: tensor {tensor.Name}: {what.ToString(CultureInfo.InvariantCulture)}", tensor.File.Path, tensor.Name);
}
