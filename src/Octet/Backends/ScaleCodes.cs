using Octet.Safetensors;

namespace Octet.Backends;

/// <summary>
/// Scales in 8 bits as a file holds them, [rows, columns]: row-major, or in tiles of 128 x 4 as matrix units of NVIDIA's Blackwell read
/// them, where the rows r, r + 32, r + 64 and r + 96 of a tile lie in 16 bytes, 4 of each, and what is missing at the edges is padding.
/// Source: the cuBLAS documentation, "1D block scaling factors layout".
/// </summary>
/// <param name="tensor">The bytes.</param>
/// <param name="rows">Rows without padding.</param>
/// <param name="columns">Columns without padding.</param>
/// <param name="tiled">Whether they lie in tiles.</param>
sealed class ScaleCodes(TensorView tensor, long rows, int columns, bool tiled)
{
    internal const int TileRows = 128;
    internal const int TileColumns = 4;
    internal const int TileBytes = TileRows * TileColumns;

    byte[]? _copy;

    internal TensorView Tensor => tensor;

    /// <summary>All codes as they are stored. Of a file that is not in memory they are read once and kept: codes in tiles lie apart.</summary>
    internal ReadOnlySpan<byte> Bytes => tensor.IsInPlace ? tensor.Bytes : _copy ??= ReadAll();

    internal long Rows => rows;

    internal int Columns => columns;

    internal long Count => rows * columns;

    /// <summary>Whether the codes of a row are apart: four together, then those of the next tile <see cref="TileBytes"/> later.</summary>
    internal bool IsTiled => tiled;

    /// <summary>The bytes that scales of [rows, columns] take in tiles.</summary>
    internal static long TiledBytes(long rows, long columns) => checked((rows + TileRows - 1) / TileRows * ((columns + TileColumns - 1) / TileColumns) * TileBytes);

    /// <summary>Where the first code of a row lies.</summary>
    internal long Offset(long row)
        => tiled ? row / TileRows * ((columns + TileColumns - 1) / TileColumns) * TileBytes + row % 32 * 16 + row % TileRows / 32 * TileColumns : row * columns;

    /// <summary>One row, [columns].</summary>
    internal void Read(long row, Span<byte> destination)
    {
        long offset = Offset(row);
        if (!tiled)
        {
            Copy(offset, destination[..columns]);
            return;
        }

        for (int column = 0; column < columns; column += TileColumns, offset += TileBytes)
        {
            Copy(offset, destination.Slice(column, Math.Min(TileColumns, columns - column)));
        }
    }

    void Copy(long offset, Span<byte> destination)
    {
        if (tensor.IsInPlace)
        {
            tensor.Read(offset, destination);
        }
        else
        {
            Bytes.Slice(checked((int)offset), destination.Length).CopyTo(destination);
        }
    }

    byte[] ReadAll()
    {
        byte[] bytes = new byte[tensor.ByteLength];
        tensor.CopyTo(bytes);
        return bytes;
    }
}
