using System.Buffers;
using System.Runtime.InteropServices;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Quantization;

/// <summary>Weights rounded to bfloat16, to nearest even.</summary>
/// <param name="module">The layer's name.</param>
/// <param name="rows">Outputs.</param>
/// <param name="columns">Inputs.</param>
/// <param name="shape">Of what is no matrix: the tensor that it becomes.</param>
sealed class BFloat16Encoder(string module, long rows, int columns, WideShape? shape = null) : WeightEncoder(module, rows, columns)
{
    readonly TensorSource _weight = new(shape?.Tensor ?? module + ".weight", DataType.BFloat16, shape?.Dimensions ?? [rows, columns]);
    readonly long _transposedRows = shape?.TransposedRows ?? 0;

    internal override IReadOnlyList<TensorSource> Tensors => [_weight];

    internal override bool IsWide => true;

    // What is transposed is so as a whole.
    internal override int RowStep => _transposedRows == 0 ? 1 : checked((int)_transposedRows);

    internal override void Encode(long firstRow, ReadOnlySpan<float> values, Span<float> decoded, PieceLog output)
    {
        BFloat16[] buffer = ArrayPool<BFloat16>.Shared.Rent(values.Length);
        BFloat16[]? turned = _transposedRows == 0 ? null : ArrayPool<BFloat16>.Shared.Rent(values.Length);
        try
        {
            Span<BFloat16> rounded = buffer.AsSpan(0, values.Length);
            BFloat16.ConvertFromSingle(values, rounded);
            BFloat16.ConvertToSingle(rounded, decoded);
            if (turned is not null)
            {
                Transpose(rounded, turned);
                rounded = turned.AsSpan(0, values.Length);
            }

            output.Write(_weight.Name, firstRow * Columns * sizeof(ushort), MemoryMarshal.AsBytes(rounded));
        }
        finally
        {
            ArrayPool<BFloat16>.Shared.Return(buffer);
            if (turned is not null)
            {
                ArrayPool<BFloat16>.Shared.Return(turned);
            }
        }
    }

    /// <summary>Each matrix of a band by itself, in tiles that stay in the cache.</summary>
    void Transpose(ReadOnlySpan<BFloat16> values, Span<BFloat16> turned)
    {
        const int Tile = 32;
        int rows = (int)_transposedRows;
        int matrix = rows * Columns;
        for (int start = 0; start < values.Length; start += matrix)
        {
            for (int top = 0; top < rows; top += Tile)
            {
                for (int left = 0; left < Columns; left += Tile)
                {
                    for (int row = top; row < Math.Min(top + Tile, rows); row++)
                    {
                        for (int column = left; column < Math.Min(left + Tile, Columns); column++)
                        {
                            turned[start + (column * rows) + row] = values[start + (row * Columns) + column];
                        }
                    }
                }
            }
        }
    }
}
