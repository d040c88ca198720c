using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Backends;

/// <summary>
/// Rows of a linear layer as float32: <c>code * scale</c>, rounded once; what has no scales is widened exactly. Factors of inputs are
/// multiplied in, which makes it the weight of a layer that has none. Works on files that are not
/// in memory too, a few rows at a time, and from several threads at once.
/// </summary>
sealed class RowDequantizer
{
    // Rows are taken together up to this many weights, so that their float32 values are still cached when they are scaled.
    const int ChunkWeights = 1 << 14;

    // Of a matrix that lies inputs first so many lines are turned together: then a row gets whole cache lines.
    const int TileLines = 32;

    readonly LinearTensor _weight;
    readonly TensorView _source;
    readonly int _bits;
    readonly int _scaleStride;

    /// <param name="weight">The layer.</param>
    /// <param name="source">The same tensor of a file that was opened otherwise; null: the layer's own.</param>
    /// <exception cref="ModelException">The tensor is of a type that is no weight, or its bytes or scales do not cover the layer.</exception>
    internal RowDequantizer(LinearTensor weight, TensorView? source = null)
    {
        _weight = weight;
        _source = source ?? weight.Tensor;
        _bits = weight.ElementType switch
        {
            DataType.Float4E2M1FN => 4,
            DataType.Float8E4M3FN or DataType.Float8E5M2 or DataType.Float8E4M3FNUZ or DataType.Float8E5M2FNUZ => 8,
            DataType.BFloat16 or DataType.Float16 => 16,
            DataType.Float32 => 32,
            _ => throw Error($"a linear layer of type {weight.ElementType} is not supported"),
        };
        if (_source.ByteLength != checked(weight.StoredRows * RowBytes) || (long)weight.Columns * _bits % 8 != 0)
        {
            throw Error($"{_source.ByteLength} bytes do not hold [{weight.StoredRows}, {weight.Columns}] of {weight.ElementType}");
        }

        if (weight.TransposedRows != 0 && (_bits < 8 || weight.RowStep != 1))
        {
            throw Error($"rows of {weight.ElementType}, stored inputs first, of which every {weight.RowStep}th is taken, are not supported");
        }

        if (weight.Scales is { } scales)
        {
            _scaleStride = (weight.Columns - 1) / scales.BlockColumns + 1;
            if (scales.Count != checked(((weight.StoredRows - 1) / scales.BlockRows + 1) * _scaleStride))
            {
                throw Error($"{scales.Count} scales do not cover [{weight.StoredRows}, {weight.Columns}] in blocks of [{scales.BlockRows}, {scales.BlockColumns}]");
            }
        }
    }

    long RowBytes => (long)_weight.Columns * _bits / 8;

    /// <summary>The rows [<paramref name="firstRow"/>, <paramref name="firstRow"/> + <paramref name="rows"/>).</summary>
    /// <param name="firstRow">From 0.</param>
    /// <param name="rows">From 0.</param>
    /// <param name="destination">[rows, columns], filled.</param>
    internal void Read(long firstRow, int rows, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstRow);
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows, _weight.Rows - firstRow);
        int columns = _weight.Columns;
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, checked(rows * columns), nameof(destination));

        if (_weight.TransposedRows != 0)
        {
            ReadTurned(firstRow, rows, destination);
            return;
        }

        int together = _weight.RowStep == 1 ? Math.Max(1, Math.Min(rows, ChunkWeights / columns)) : 1;
        byte[]? bytes = _source.IsInPlace ? null : ArrayPool<byte>.Shared.Rent(checked((int)(together * RowBytes)));
        byte[]? unpacked = _bits == 4 ? ArrayPool<byte>.Shared.Rent(together * columns) : null;
        float[]? scales = _weight.Scales?.Codes is null ? null : ArrayPool<float>.Shared.Rent(_scaleStride);
        try
        {
            for (int row = 0; row < rows; row += together)
            {
                int count = Math.Min(together, rows - row);
                long offset = StoredRow(firstRow + row) * RowBytes;
                int length = checked((int)(count * RowBytes));
                ReadOnlySpan<byte> stored;
                if (bytes is null)
                {
                    stored = _source.Slice(offset, length);
                }
                else
                {
                    _source.Read(offset, bytes.AsSpan(0, length));
                    stored = bytes.AsSpan(0, length);
                }

                Span<float> values = destination.Slice(row * columns, count * columns);
                Widen(stored, unpacked, values);
                Scale(StoredRow(firstRow + row), values, scales);
                MultiplyInputs(values);
            }
        }
        finally
        {
            Return(bytes);
            Return(unpacked);
            if (scales is not null)
            {
                ArrayPool<float>.Shared.Return(scales);
            }
        }
    }

    long StoredRow(long row) => _weight.FirstRow + (row * _weight.RowStep);

    /// <summary>Rows that are columns of the file: of every line only what belongs to them is read, so that all bands together read each byte once.</summary>
    void ReadTurned(long firstRow, int rows, Span<float> destination)
    {
        (int columns, int elementBytes) = (_weight.Columns, _bits / 8);
        byte[] bytes = ArrayPool<byte>.Shared.Rent(checked(TileLines * rows * elementBytes));
        float[] tile = ArrayPool<float>.Shared.Rent(TileLines * rows);
        float[]? scales = _weight.Scales?.Codes is null ? null : ArrayPool<float>.Shared.Rent(_scaleStride);
        try
        {
            int count;
            for (int row = 0; row < rows; row += count)
            {
                (long matrix, long first) = Math.DivRem(StoredRow(firstRow + row), _weight.TransposedRows);
                count = (int)Math.Min(rows - row, _weight.TransposedRows - first);
                Span<float> values = destination.Slice(row * columns, count * columns);
                for (int line = 0; line < columns; line += TileLines)
                {
                    int lines = Math.Min(TileLines, columns - line);
                    Span<byte> stored = bytes.AsSpan(0, lines * count * elementBytes);
                    ReadLines((matrix * columns) + line, first, count, stored);
                    Span<float> widened = tile.AsSpan(0, lines * count);
                    Widen(stored, default, widened);
                    Turn(widened, lines, values[line..], columns);
                }

                Scale(StoredRow(firstRow + row), values, scales);
                MultiplyInputs(values);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
            ArrayPool<float>.Shared.Return(tile);
            if (scales is not null)
            {
                ArrayPool<float>.Shared.Return(scales);
            }
        }
    }

    /// <summary>Of some lines the same elements, one line after the other.</summary>
    void ReadLines(long line, long first, int count, Span<byte> destination)
    {
        int elementBytes = _bits / 8;
        int length = count * elementBytes;
        if (count == _weight.TransposedRows)
        {
            _source.Read(line * length, destination);
            return;
        }

        for (; !destination.IsEmpty; line++, destination = destination[length..])
        {
            _source.Read(((line * _weight.TransposedRows) + first) * elementBytes, destination[..length]);
        }
    }

    /// <summary>Lines [lines, rows] become columns of [rows, <paramref name="stride"/>], from the first on.</summary>
    static void Turn(ReadOnlySpan<float> tile, int lines, Span<float> destination, int stride)
    {
        int rows = tile.Length / lines;
        for (int row = 0; row < rows; row++)
        {
            Span<float> into = destination.Slice(row * stride, lines);
            for (int line = 0; line < into.Length; line++)
            {
                into[line] = tile[(line * rows) + row];
            }
        }
    }

    void MultiplyInputs(Span<float> values)
    {
        int columns = _weight.Columns;
        for (int at = 0; _weight.InputFactors is { } factors && at < values.Length; at += columns)
        {
            TensorPrimitives.Multiply(values.Slice(at, columns), factors, values.Slice(at, columns));
        }
    }

    void Widen(ReadOnlySpan<byte> stored, Span<byte> unpacked, Span<float> values)
    {
        switch (_weight.ElementType)
        {
            case DataType.Float4E2M1FN:
                Span<Float4E2M1FN> codes = MemoryMarshal.Cast<byte, Float4E2M1FN>(unpacked)[..values.Length];
                PackedBits.Unpack(stored, codes);
                if (_weight.HighHalfFirst)
                {
                    SwapPairs(unpacked[..values.Length]);
                }

                Float4E2M1FN.ConvertToSingle(codes, values);
                break;
            case DataType.Float8E4M3FN:
                Float8E4M3FN.ConvertToSingle(MemoryMarshal.Cast<byte, Float8E4M3FN>(stored), values);
                break;
            case DataType.Float8E5M2:
                Float8E5M2.ConvertToSingle(MemoryMarshal.Cast<byte, Float8E5M2>(stored), values);
                break;
            case DataType.Float8E4M3FNUZ:
                Float8E4M3FNUZ.ConvertToSingle(MemoryMarshal.Cast<byte, Float8E4M3FNUZ>(stored), values);
                break;
            case DataType.Float8E5M2FNUZ:
                Float8E5M2FNUZ.ConvertToSingle(MemoryMarshal.Cast<byte, Float8E5M2FNUZ>(stored), values);
                break;
            case DataType.BFloat16:
                BFloat16.ConvertToSingle(MemoryMarshal.Cast<byte, BFloat16>(stored), values);
                break;
            case DataType.Float16:
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(stored), values);
                break;
            default:
                stored.CopyTo(MemoryMarshal.AsBytes(values));
                break;
        }
    }

    void Scale(long firstRow, Span<float> values, float[]? looked)
    {
        if (_weight.Scales is not { } grid)
        {
            return;
        }

        int columns = _weight.Columns;
        long read = -1;
        for (int at = 0; at < values.Length; at += columns, firstRow++)
        {
            long scaleRow = firstRow / grid.BlockRows;
            ReadOnlySpan<float> scales;
            if (looked is null)
            {
                scales = grid.Values.AsSpan(checked((int)(scaleRow * _scaleStride)), _scaleStride);
            }
            else
            {
                if (scaleRow != read)
                {
                    grid.Read(scaleRow, looked.AsSpan(0, _scaleStride));
                    read = scaleRow;
                }

                scales = looked.AsSpan(0, _scaleStride);
            }

            Span<float> row = values.Slice(at, columns);
            for (int i = 0; i < scales.Length; i++)
            {
                int column = i * grid.BlockColumns;
                Multiply(row.Slice(column, Math.Min(grid.BlockColumns, columns - column)), scales[i]);
            }
        }
    }

    static void SwapPairs(Span<byte> codes)
    {
        Span<ushort> pairs = MemoryMarshal.Cast<byte, ushort>(codes);
        BinaryPrimitives.ReverseEndianness(pairs, pairs);
    }

    // Blocks may be of 16 weights: a call of the framework's multiplication costs as much as they do.
    static void Multiply(Span<float> block, float scale)
    {
        Span<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(block);
        foreach (ref Vector<float> vector in vectors)
        {
            vector *= scale;
        }

        foreach (ref float value in block[(vectors.Length * Vector<float>.Count)..])
        {
            value *= scale;
        }
    }

    static void Return(byte[]? rented)
    {
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    ModelException Error(string what) => new(ModelError.Damaged, $"{_source.File.Path}: tensor {_source.Name}: {what}", _source.File.Path, _source.Name);
}
