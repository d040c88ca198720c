using System.Buffers;
using System.Runtime.InteropServices;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Quantization;

/// <summary>Weights rounded to bfloat16, to nearest even.</summary>
sealed class BFloat16Encoder(string module, long rows, int columns) : WeightEncoder(module, rows, columns)
{
    readonly TensorSource _weight = new(module + ".weight", DataType.BFloat16, [rows, columns]);

    internal override IReadOnlyList<TensorSource> Tensors => [_weight];

    internal override void Encode(long firstRow, ReadOnlySpan<float> values, Span<float> decoded, PieceLog output)
    {
        BFloat16[] buffer = ArrayPool<BFloat16>.Shared.Rent(values.Length);
        try
        {
            Span<BFloat16> rounded = buffer.AsSpan(0, values.Length);
            BFloat16.ConvertFromSingle(values, rounded);
            BFloat16.ConvertToSingle(rounded, decoded);
            output.Write(_weight.Name, firstRow * Columns * sizeof(ushort), MemoryMarshal.AsBytes(rounded));
        }
        finally
        {
            ArrayPool<BFloat16>.Shared.Return(buffer);
        }
    }
}
