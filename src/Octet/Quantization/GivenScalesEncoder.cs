using System.Buffers;
using System.Numerics.Tensors;
using Octet.Backends;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Quantization;

/// <summary>Codes for the scales of another checkpoint, in its tensors' names, types and shapes; the scales are copied.</summary>
sealed class GivenScalesEncoder(string module, LinearTensor given, IReadOnlyList<TensorView> scales) : WeightEncoder(module, given.Rows, given.Columns)
{
    readonly TensorSource _codes = new(given.Tensor);
    readonly long _blockRows = given.Scales?.BlockRows ?? given.Rows;
    readonly int _blockColumns = given.Scales?.BlockColumns ?? given.Columns;

    internal override IReadOnlyList<TensorSource> Tensors => [_codes, .. scales.Select(scale => new TensorSource(scale))];

    internal override int RowStep => _blockRows >= Rows ? 1 : checked((int)_blockRows);

    internal override void Encode(long firstRow, ReadOnlySpan<float> values, Span<float> decoded, PieceLog output)
    {
        if (firstRow == 0)
        {
            foreach (TensorView scale in scales)
            {
                output.Write(scale.Name, 0, scale.Bytes);
            }
        }

        switch (given.ElementType)
        {
            case DataType.Float8E4M3FN:
                Encode<Float8E4M3FN>(firstRow, values, decoded, output);
                break;
            case DataType.Float8E5M2:
                Encode<Float8E5M2>(firstRow, values, decoded, output);
                break;
            case DataType.Float8E4M3FNUZ:
                Encode<Float8E4M3FNUZ>(firstRow, values, decoded, output);
                break;
            case DataType.Float8E5M2FNUZ:
                Encode<Float8E5M2FNUZ>(firstRow, values, decoded, output);
                break;
            default:
                Encode<Float4E2M1FN>(firstRow, values, decoded, output);
                break;
        }
    }

    void Encode<T>(long firstRow, ReadOnlySpan<float> values, Span<float> decoded, PieceLog output)
        where T : unmanaged, ISmallFloat<T>
    {
        int rows = values.Length / Columns;
        var shape = new BlockShape(rows, Columns, _blockRows >= Rows ? rows : checked((int)_blockRows), _blockColumns);
        float[] own = Scales(firstRow, shape);
        T[] buffer = ArrayPool<T>.Shared.Rent(values.Length);
        try
        {
            Span<T> codes = buffer.AsSpan(0, values.Length);
            if (given.InputFactors is { } factors)
            {
                // The layer multiplies its inputs, so its codes are those of the weights divided.
                TransformRows(values, factors, decoded, TensorPrimitives.Divide);
                BlockScaling.QuantizeWith<T, float>(decoded, own, shape, codes);
                BlockScaling.Dequantize<T>(codes, own, shape, decoded);
                TransformRows(decoded, factors, decoded, TensorPrimitives.Multiply);
            }
            else
            {
                BlockScaling.QuantizeWith<T, float>(values, own, shape, codes);
                BlockScaling.Dequantize<T>(codes, own, shape, decoded);
            }

            CodeBytes.Write<T>(codes, firstRow * Columns, _codes, output, given.HighHalfFirst);
        }
        finally
        {
            ArrayPool<T>.Shared.Return(buffer);
        }
    }

    delegate void Elementwise(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> destination);

    static void TransformRows(ReadOnlySpan<float> values, float[] factors, Span<float> destination, Elementwise apply)
    {
        for (int at = 0; at < values.Length; at += factors.Length)
        {
            apply(values.Slice(at, factors.Length), factors, destination.Slice(at, factors.Length));
        }
    }

    /// <summary>Those of a band, in float32.</summary>
    float[] Scales(long firstRow, BlockShape shape)
    {
        int columns = checked((int)shape.ScaleColumns);
        float[] own = new float[shape.ScaleRows * columns];
        for (int row = 0; row < shape.ScaleRows; row++)
        {
            if (given.Scales is { } scales)
            {
                scales.Read(firstRow / _blockRows + row, own.AsSpan(row * columns, columns));
            }
            else
            {
                own.AsSpan(row * columns, columns).Fill(1);
            }
        }

        return own;
    }
}
