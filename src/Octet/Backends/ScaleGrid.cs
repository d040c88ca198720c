using Octet.Safetensors;

namespace Octet.Backends;

/// <summary>
/// The scales of a weight, row-major, one for each block of <see cref="BlockRows"/> x <see cref="BlockColumns"/>, ragged at the right and
/// bottom edge: float32, or 8-bit codes in their own bits (microscaled formats have one for 16 or 32 weights) with a float32 for each of
/// the 256 codes, the tensor's own scale included.
/// </summary>
sealed class ScaleGrid
{
    internal ScaleGrid(float[] values, long blockRows, int blockColumns)
        : this(blockRows, blockColumns)
    {
        Values = values;
    }

    internal ScaleGrid(TensorView codes, float[] table, long blockRows, int blockColumns)
        : this(blockRows, blockColumns)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(table.Length, 256);
        Codes = codes;
        Table = table;
    }

    ScaleGrid(long blockRows, int blockColumns)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(blockRows);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(blockColumns);
        BlockRows = blockRows;
        BlockColumns = blockColumns;
    }

    internal float[]? Values { get; }

    internal TensorView? Codes { get; }

    internal float[]? Table { get; }

    internal long BlockRows { get; }

    internal int BlockColumns { get; }

    internal long Count => Values?.Length ?? Codes!.ElementCount;
}
