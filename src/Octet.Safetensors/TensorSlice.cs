using Octet.Numerics;

namespace Octet.Safetensors;

/// <summary>
/// A block of a tensor: a range of each dimension. Made by <see cref="TensorView.Narrow"/>; nothing is read before it is copied.
/// </summary>
public sealed class TensorSlice
{
    const int StreamChunk = 1 << 20;

    readonly long[] _starts;
    readonly long[] _shape;

    internal TensorSlice(TensorView tensor)
        : this(tensor, new long[tensor.Shape.Length], tensor.Shape.ToArray())
    {
    }

    TensorSlice(TensorView tensor, long[] starts, long[] shape)
    {
        Tensor = tensor;
        _starts = starts;
        _shape = shape;
        ElementCount = shape.Aggregate(1L, (product, dimension) => product * dimension);
    }

    /// <summary>The tensor that is sliced.</summary>
    public TensorView Tensor { get; }

    /// <summary>The dimensions of the slice, as many as the tensor has.</summary>
    public ReadOnlySpan<long> Shape => _shape;

    /// <summary>The product of the slice's dimensions.</summary>
    public long ElementCount { get; }

    /// <summary>The bytes that a copy takes.</summary>
    /// <exception cref="SafetensorsException"><see cref="SafetensorsError.MisalignedSlice"/>: elements of a sub-byte type begin or end within a byte.</exception>
    public long ByteLength
    {
        get
        {
            RequireWholeBytes();
            return ElementCount / 8 * Bits + (ElementCount % 8 * Bits / 8);
        }
    }

    int Bits => Tensor.DataType.BitSize();

    // Dimensions from here on are taken whole, so that a run of the dimension before it is one piece of the file.
    int Whole
    {
        get
        {
            int whole = _shape.Length;
            while (whole > 0 && _shape[whole - 1] == Tensor.Shape[whole - 1])
            {
                whole--;
            }

            return whole;
        }
    }

    /// <summary>A part of this slice: a range of one dimension.</summary>
    /// <param name="dimension">From 0, the slowest.</param>
    /// <param name="start">The first index, within this slice.</param>
    /// <param name="length">How many.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such dimension, or the range is not inside it.</exception>
    public TensorSlice Narrow(int dimension, long start, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(dimension);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(dimension, _shape.Length);
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, _shape[dimension]);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, _shape[dimension] - start);
        long[] starts = [.. _starts];
        long[] shape = [.. _shape];
        starts[dimension] += start;
        shape[dimension] = length;
        return new TensorSlice(Tensor, starts, shape);
    }

    /// <summary>Copies the slice, packed, in row-major order.</summary>
    /// <param name="destination">At least <see cref="ByteLength"/> bytes.</param>
    /// <exception cref="ArgumentException">The destination is too short.</exception>
    /// <exception cref="SafetensorsException"><see cref="SafetensorsError.MisalignedSlice"/>.</exception>
    /// <exception cref="ObjectDisposedException">The file is disposed of.</exception>
    public void CopyTo(Span<byte> destination)
    {
        if (destination.Length < ByteLength)
        {
            throw new ArgumentException($"the slice has {ByteLength} bytes, the destination {destination.Length}", nameof(destination));
        }

        foreach ((long offset, long length) in Pieces())
        {
            Tensor.Slice(offset, (int)length).CopyTo(destination);
            destination = destination[(int)length..];
        }
    }

    /// <summary>Writes the slice to a stream, packed, in row-major order.</summary>
    /// <exception cref="SafetensorsException"><see cref="SafetensorsError.MisalignedSlice"/>.</exception>
    /// <exception cref="ObjectDisposedException">The file is disposed of.</exception>
    public void CopyTo(Stream destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        RequireWholeBytes();
        foreach ((long offset, long length) in Pieces())
        {
            for (long at = 0; at < length; at += StreamChunk)
            {
                destination.Write(Tensor.Slice(offset + at, (int)Math.Min(StreamChunk, length - at)));
            }
        }
    }

    /// <summary>The longest contiguous pieces, in order: where each begins in the tensor, and its length in bytes.</summary>
    internal IEnumerable<(long Offset, long Length)> Pieces()
    {
        if (ElementCount == 0)
        {
            yield break;
        }

        int outer = Math.Max(Whole - 1, 0);
        long pieceBits = Bits * Product(_shape.AsSpan(outer));
        long[] index = [.. _starts];
        while (true)
        {
            long element = 0;
            for (int i = 0; i < index.Length; i++)
            {
                element = (element * Tensor.Shape[i]) + index[i];
            }

            yield return (element / 8 * Bits + (element % 8 * Bits / 8), pieceBits / 8);
            int dimension = outer - 1;
            while (dimension >= 0 && ++index[dimension] == _starts[dimension] + _shape[dimension])
            {
                index[dimension] = _starts[dimension];
                dimension--;
            }

            if (dimension < 0)
            {
                yield break;
            }
        }
    }

    // Every piece begins at a sum of these terms, so that it is on a whole byte if they all are.
    void RequireWholeBytes()
    {
        if (Bits % 8 == 0 || ElementCount == 0)
        {
            return;
        }

        int outer = Math.Max(Whole - 1, 0);
        bool aligned = Bits * Product(_shape.AsSpan(outer)) % 8 == 0;
        long first = 0;
        for (int i = 0; i < _shape.Length; i++)
        {
            long stride = Product(Tensor.Shape[(i + 1)..]);
            first += _starts[i] * stride;
            aligned &= i >= outer || _shape[i] == 1 || stride * Bits % 8 == 0;
        }

        if (!aligned || first * Bits % 8 != 0)
        {
            throw new SafetensorsException(
                SafetensorsError.MisalignedSlice,
                $"a slice of tensor {SafetensorsException.Quote(Tensor.Name)}, {TensorSize.Describe(Tensor.DataType, Tensor.Shape)}, begins or ends within a byte: choose other bounds",
                Tensor.File.Path,
                Tensor.Name);
        }
    }

    static long Product(ReadOnlySpan<long> dimensions)
    {
        long product = 1;
        foreach (long dimension in dimensions)
        {
            product *= dimension;
        }

        return product;
    }
}
