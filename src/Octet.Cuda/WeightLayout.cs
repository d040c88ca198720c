using Octet.Backends;
using Octet.Numerics;

namespace Octet.Cuda;

/// <summary>The elements that kernels multiply.</summary>
enum CudaFormat
{
    E4M3,
    E5M2,
    Float16,
    BFloat16,
    Float32,
}

/// <summary>How a layer lies on the card, where it can lie there in its own bits.</summary>
/// <param name="Format">Its elements.</param>
/// <param name="BlockRows">Rows that share scales.</param>
/// <param name="ScaleStride">Scales of a row; 0: there are none.</param>
/// <param name="ScaleShift">A scale is for 2^shift groups of 128 columns.</param>
/// <param name="RepeatScales">How often each scale of the checkpoint is repeated.</param>
readonly record struct WeightLayout(CudaFormat Format, long BlockRows, int ScaleStride, int ScaleShift, int RepeatScales)
{
    /// <summary>Columns that a kernel sums before it multiplies with a scale.</summary>
    internal const int Group = 128;

    // A shift by it leaves nothing of a group's number.
    const int WholeRow = 31;

    /// <summary>Bytes of an element.</summary>
    internal int ElementBytes => Bytes(Format);

    internal static int Bytes(CudaFormat format) => format switch
    {
        CudaFormat.E4M3 or CudaFormat.E5M2 => 1,
        CudaFormat.Float32 => sizeof(float),
        _ => 2,
    };

    internal static int Groups(int columns) => (columns + Group - 1) / Group;

    /// <summary>Bytes from one row to the next: whole groups.</summary>
    internal static long RowBytes(CudaFormat format, int columns) => (long)Groups(columns) * Group * Bytes(format);

    /// <summary>How a layer can lie in its own bits; null: it has to be expanded.</summary>
    internal static WeightLayout? Of(LinearTensor tensor)
    {
        CudaFormat? format = tensor.ElementType switch
        {
            DataType.Float8E4M3FN => CudaFormat.E4M3,
            DataType.Float8E5M2 => CudaFormat.E5M2,
            DataType.Float16 => CudaFormat.Float16,
            DataType.BFloat16 => CudaFormat.BFloat16,
            DataType.Float32 when tensor.Scales is null => CudaFormat.Float32,
            _ => null,
        };
        if (format is not { } elements || tensor.TransposedRows != 0)
        {
            return null;
        }

        if (tensor.Scales is not { } scales)
        {
            return new WeightLayout(elements, tensor.Rows, 0, WholeRow, 1);
        }

        // Rows that begin inside a block have a scale each, unless they are all in that block.
        long first = tensor.FirstRow / scales.BlockRows;
        long last = (tensor.FirstRow + ((tensor.Rows - 1) * tensor.RowStep)) / scales.BlockRows;
        long blockRows = tensor.RowStep == 1 && tensor.FirstRow % scales.BlockRows == 0 ? scales.BlockRows : first == last ? tensor.Rows : 1;
        if (scales.BlockColumns >= tensor.Columns)
        {
            return new WeightLayout(elements, blockRows, 1, WholeRow, 1);
        }

        if (scales.BlockColumns % Group != 0)
        {
            return null;
        }

        int repeat = scales.BlockColumns / Group;
        return int.IsPow2(repeat)
            ? new WeightLayout(elements, blockRows, (tensor.Columns + scales.BlockColumns - 1) / scales.BlockColumns, int.Log2(repeat), 1)
            : new WeightLayout(elements, blockRows, Groups(tensor.Columns), 0, repeat);
    }
}
