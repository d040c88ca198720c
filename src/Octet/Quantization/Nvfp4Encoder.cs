using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Quantization;

/// <summary>
/// NVFP4 as compressed-tensors stores it: E2M1 codes two in a byte, E4M3 scales, and the tensor's scale, which divides. Layers that an
/// engine fuses (<see cref="FusedLayers"/>) share that of the largest: it can have only one.
/// </summary>
sealed class Nvfp4Encoder(string module, long rows, int columns, LargestMagnitude largest, bool search) : WeightEncoder(module, rows, columns)
{
    /// <summary>The largest scale of a block times the largest code.</summary>
    const float MaxWeight = 448 * 6;

    readonly TensorSource _codes = CodeBytes.Declare<Float4E2M1FN>(module + ".weight_packed", rows, columns);
    readonly TensorSource _scales = new(module + ".weight_scale", DataType.Float8E4M3FN, [rows, columns / Nvfp4.BlockLength]);
    readonly TensorSource _global = new(module + ".weight_global_scale", DataType.Float32, [1]);

    internal override IReadOnlyList<TensorSource> Tensors => [_codes, _scales, _global];

    internal override int Surveys => 1;

    internal override object SurveyKey => largest;

    // Larger ones have a tensor scale below 1, by which loaders know files of the other convention.
    internal override string? Refusal => largest.Value >= MaxWeight
        ? string.Create(CultureInfo.InvariantCulture, $"weights up to {largest.Value:R}, expected less than {MaxWeight} for NVFP4: the scale of the tensor would be one that loaders take for that of another convention")
        : null;

    internal override void Survey(int pass, ReadOnlySpan<float> values) => largest.Add(values);

    internal override void Encode(long firstRow, ReadOnlySpan<float> values, Span<float> decoded, PieceLog output)
    {
        const Nvfp4Convention Convention = Nvfp4Convention.CompressedTensors;
        float global = Nvfp4.GlobalScale([largest.Value], Convention);
        byte[] packedBuffer = ArrayPool<byte>.Shared.Rent(values.Length / 2);
        Float8E4M3FN[] scaleBuffer = ArrayPool<Float8E4M3FN>.Shared.Rent(values.Length / Nvfp4.BlockLength);
        try
        {
            Span<byte> packed = packedBuffer.AsSpan(0, values.Length / 2);
            Span<Float8E4M3FN> scales = scaleBuffer.AsSpan(0, values.Length / Nvfp4.BlockLength);
            if (search)
            {
                ScaleSearch.QuantizeNvfp4(values, Columns, global, Convention, packed, scales);
            }
            else
            {
                Nvfp4.Quantize(values, Columns, global, Convention, packed, scales);
            }

            Nvfp4.Dequantize(packed, scales, Columns, global, Convention, decoded);
            output.Write(_codes.Name, firstRow * Columns / 2, packed);
            output.Write(_scales.Name, firstRow * (Columns / Nvfp4.BlockLength), MemoryMarshal.AsBytes(scales));
            if (firstRow == 0)
            {
                output.Write(_global.Name, 0, MemoryMarshal.AsBytes(new Span<float>(ref global)));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(packedBuffer);
            ArrayPool<Float8E4M3FN>.Shared.Return(scaleBuffer);
        }
    }
}
