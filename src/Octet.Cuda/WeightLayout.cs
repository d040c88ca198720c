using Octet.Backends;
using Octet.Numerics;

namespace Octet.Cuda;

/// <summary>How a layer lies on the card.</summary>
/// <param name="Format">Its elements.</param>
/// <param name="BlockRows">Rows that share float32 scales.</param>
/// <param name="ScaleStride">Float32 scales of a row; 0: there are none. Of NVFP4 it is the tensor's own.</param>
/// <param name="ScaleShift">A scale is for 2^shift groups of 128 columns, or in tiles for 2^shift spans of 32.</param>
/// <param name="RepeatScales">How often each scale of the checkpoint is repeated.</param>
readonly record struct WeightLayout(CudaFormat Format, long BlockRows, int ScaleStride, int ScaleShift, int RepeatScales)
{
    /// <summary>Columns that kernels take at a time.</summary>
    internal const int Group = 128;

    /// <summary>A shift that leaves nothing of a group's number: one scale for the whole row.</summary>
    internal const int WholeRow = 31;

    /// <summary>Bytes of an element of a row; 0: it lies in tiles.</summary>
    internal int ElementBytes => Bytes(Format);

    internal static int Bytes(CudaFormat format) => format switch
    {
        CudaFormat.E4M3 or CudaFormat.E5M2 => 1,
        CudaFormat.Float16 or CudaFormat.BFloat16 => 2,
        CudaFormat.Float32 => sizeof(float),
        _ => 0,
    };

    internal static int Groups(int columns) => (columns + Group - 1) / Group;

    /// <summary>Bytes from one row to the next, whole groups; in tiles from 16 rows to the next.</summary>
    internal static long RowBytes(CudaFormat format, int columns)
        => (long)Groups(columns) * (format.IsTiled() ? format.TileBytes() : Group * Bytes(format));

    /// <summary>Bytes of a layer without its float32 scales.</summary>
    internal static long DataBytes(CudaFormat format, long rows, int columns)
        => (format.IsTiled() ? (rows + CudaFormats.TileRows - 1) / CudaFormats.TileRows : rows) * RowBytes(format, columns);

    /// <summary>How a layer can lie in its own bits; null: it has to be expanded.</summary>
    internal static WeightLayout? Of(LinearTensor tensor)
    {
        if (tensor.TransposedRows != 0)
        {
            // Codes are turned on their way to the card.
            return tensor is { ElementType: DataType.Float8E4M3FN, RowStep: 1 } ? Scaled(tensor, CudaFormat.E4M3, Group) : null;
        }

        return (tensor.ElementType, tensor.Scales) switch
        {
            (DataType.Float4E2M1FN, { BlockColumns: CudaFormats.Span } grid) when ScaleTable.IsPowers(grid) => new(CudaFormat.MxE2M1, tensor.Rows, 0, WholeRow, 1),
            (DataType.Float4E2M1FN, { BlockColumns: CudaFormats.FoldedSpan } grid) when ScaleTable.E4M3Factor(grid) is not null => new(CudaFormat.NvE2M1, tensor.Rows, 1, WholeRow, 1),
            (DataType.Float8E4M3FN, { BlockColumns: CudaFormats.Span } grid) when ScaleTable.IsPowers(grid) => new(CudaFormat.MxE4M3, tensor.Rows, 0, WholeRow, 1),
            (DataType.Float8E5M2, { BlockColumns: CudaFormats.Span } grid) when ScaleTable.IsPowers(grid) => new(CudaFormat.MxE5M2, tensor.Rows, 0, WholeRow, 1),
            (DataType.Float8E4M3FN, _) => Scaled(tensor, CudaFormat.E4M3, Group) ?? Scaled(tensor, CudaFormat.SmallE4M3, CudaFormats.Span),
            (DataType.Float8E5M2, _) => Scaled(tensor, CudaFormat.E5M2, Group) ?? Scaled(tensor, CudaFormat.SmallE5M2, CudaFormats.Span),
            (DataType.Float8E4M3FNUZ, null) => Unscaled(tensor, CudaFormat.SmallE4M3Fnuz),
            (DataType.Float8E4M3FNUZ, _) => Scaled(tensor, CudaFormat.SmallE4M3Fnuz, CudaFormats.Span),
            (DataType.Float16, _) => Scaled(tensor, CudaFormat.Float16, Group),
            (DataType.BFloat16, _) => Scaled(tensor, CudaFormat.BFloat16, Group),
            (DataType.Float32, null) => Scaled(tensor, CudaFormat.Float32, Group),
            _ => null,
        };
    }

    /// <summary>The same for an expert of a mixture: what has kernels in rows alone, and none of experts, lies in tiles.</summary>
    internal static WeightLayout? OfExpert(LinearTensor tensor)
    {
        CudaFormat? tiled = tensor.TransposedRows != 0 ? null : Of(tensor)?.Format switch
        {
            CudaFormat.E5M2 => CudaFormat.SmallE5M2,
            CudaFormat.Float16 => CudaFormat.SmallFloat16,
            _ => null,
        };
        return tiled is not { } format ? Of(tensor) : tensor.Scales is null ? Unscaled(tensor, format) : Scaled(tensor, format, CudaFormats.Span);
    }

    // Kernels of small groups want a scale where there is none: 1.
    static WeightLayout Unscaled(LinearTensor tensor, CudaFormat format) => new(format, tensor.Rows, 1, WholeRow, 1);

    /// <summary>The layout with float32 scales, or none, where those are for multiples of so many columns; otherwise null.</summary>
    internal static WeightLayout? Scaled(LinearTensor tensor, CudaFormat format, int unit)
    {
        if (tensor.Scales is not { } scales)
        {
            return new WeightLayout(format, tensor.Rows, 0, WholeRow, 1);
        }

        // Rows that begin inside a block have a scale each, unless they are all in that block.
        long first = tensor.FirstRow / scales.BlockRows;
        long last = (tensor.FirstRow + ((tensor.Rows - 1) * tensor.RowStep)) / scales.BlockRows;
        long blockRows = tensor.RowStep == 1 && tensor.FirstRow % scales.BlockRows == 0 ? scales.BlockRows : first == last ? tensor.Rows : 1;
        if (scales.BlockColumns >= tensor.Columns)
        {
            return new WeightLayout(format, blockRows, 1, WholeRow, 1);
        }

        if (scales.BlockColumns % unit != 0)
        {
            return null;
        }

        int repeat = scales.BlockColumns / unit;
        return int.IsPow2(repeat)
            ? new WeightLayout(format, blockRows, (tensor.Columns + scales.BlockColumns - 1) / scales.BlockColumns, int.Log2(repeat), 1)
            : new WeightLayout(format, blockRows, (tensor.Columns + unit - 1) / unit, 0, repeat);
    }
}
