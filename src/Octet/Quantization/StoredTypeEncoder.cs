using System.Buffers;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Quantization;

/// <summary>A wide matrix in its own type: of experts that lie in one tensor with others that are encoded, so that it cannot be copied with it.</summary>
/// <param name="module">The layer's name.</param>
/// <param name="rows">Outputs.</param>
/// <param name="columns">Inputs.</param>
/// <param name="type">Float32, Float16 or BFloat16.</param>
sealed class StoredTypeEncoder(string module, long rows, int columns, DataType type) : WeightEncoder(module, rows, columns)
{
    readonly TensorSource _weight = new(module + ".weight", type, [rows, columns]);

    internal override IReadOnlyList<TensorSource> Tensors => [_weight];

    internal override bool IsWide => true;

    internal override void Encode(long firstRow, ReadOnlySpan<float> values, Span<float> decoded, PieceLog output)
    {
        values.CopyTo(decoded);
        if (type == DataType.Float32)
        {
            output.Write(_weight.Name, firstRow * Columns * sizeof(float), MemoryMarshal.AsBytes(values));
            return;
        }

        ushort[] buffer = ArrayPool<ushort>.Shared.Rent(values.Length);
        try
        {
            Span<ushort> bits = buffer.AsSpan(0, values.Length);
            if (type == DataType.Float16)
            {
                TensorPrimitives.ConvertToHalf(values, MemoryMarshal.Cast<ushort, Half>(bits));
            }
            else
            {
                BFloat16.ConvertFromSingle(values, MemoryMarshal.Cast<ushort, BFloat16>(bits));
            }

            output.Write(_weight.Name, firstRow * Columns * sizeof(ushort), MemoryMarshal.AsBytes(bits));
        }
        finally
        {
            ArrayPool<ushort>.Shared.Return(buffer);
        }
    }
}
