namespace Octet.Backends;

/// <summary>
/// The scales of a weight, one for each block of <see cref="BlockRows"/> x <see cref="BlockColumns"/>, ragged at the right and bottom edge:
/// float32, row-major, or 8-bit codes as the file has them (microscaled formats have one for 16 or 32 weights) with a float32 for each of
/// the 256 codes, the tensor's own scale included.
/// </summary>
sealed class ScaleGrid
{
    internal ScaleGrid(float[] values, long blockRows, int blockColumns)
        : this(blockRows, blockColumns)
    {
        Values = values;
    }

    internal ScaleGrid(ScaleCodes codes, float[] table, long blockRows, int blockColumns)
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

    internal ScaleCodes? Codes { get; }

    internal float[]? Table { get; }

    internal long BlockRows { get; }

    internal int BlockColumns { get; }

    internal long Count => Values?.Length ?? Codes!.Count;

    /// <summary>A row of blocks in float32.</summary>
    /// <param name="row">The row of blocks, from 0.</param>
    /// <param name="destination">As many as there are blocks in a row.</param>
    internal void Read(long row, Span<float> destination)
    {
        if (Values is not null)
        {
            Values.AsSpan(checked((int)(row * destination.Length)), destination.Length).CopyTo(destination);
            return;
        }

        Span<byte> codes = destination.Length <= 1024 ? stackalloc byte[destination.Length] : new byte[destination.Length];
        Codes!.Read(row, codes);
        for (int i = 0; i < codes.Length; i++)
        {
            destination[i] = Table![codes[i]];
        }
    }
}
