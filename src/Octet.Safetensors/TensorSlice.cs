using Octet.Numerics;

namespace Octet.Safetensors;

/// <summary>
/// A block of a tensor: of each dimension one index, or a range with a step. Made by <see cref="TensorView.Narrow"/>,
/// <see cref="TensorView.Select"/> or an index expression; nothing is read before it is copied, and then only its own bytes.
/// </summary>
public sealed class TensorSlice
{
    readonly SliceAxis[] _axes;
    readonly long[] _shape;

    internal TensorSlice(TensorView tensor)
        : this(tensor, Array.ConvertAll(tensor.Shape.ToArray(), dimension => new SliceAxis(0, dimension, 1, IsSelected: false)))
    {
    }

    TensorSlice(TensorView tensor, SliceAxis[] axes)
    {
        tensor.File.Bytes.ThrowIfDisposed();
        Tensor = tensor;
        _axes = axes;
        _shape = [.. axes.Where(axis => !axis.IsSelected).Select(axis => axis.Count)];
        ElementCount = Product(_shape);
    }

    /// <summary>The tensor that is sliced.</summary>
    public TensorView Tensor { get; }

    /// <summary>The dimensions of the slice: those of the tensor without the ones of which one index is selected.</summary>
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
            return BytesOf(ElementCount);
        }
    }

    int Bits => Tensor.DataType.BitSize();

    /// <summary>A part of this slice: an index or a range of each dimension, and the dimensions after the last one given whole.</summary>
    /// <param name="ranges">At most one for each dimension.</param>
    /// <exception cref="ArgumentException">There are more ranges than dimensions.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A range is not inside its dimension.</exception>
    /// <exception cref="ObjectDisposedException">The file is disposed of.</exception>
    public TensorSlice this[params ReadOnlySpan<TensorRange> ranges]
    {
        get
        {
            if (ranges.Length > _shape.Length)
            {
                throw new ArgumentException($"{ranges.Length} ranges for {_shape.Length} dimensions of {Described}", nameof(ranges));
            }

            SliceAxis[] axes = [.. _axes];
            for (int i = 0; i < ranges.Length; i++)
            {
                if (!ranges[i].TryResolve(_shape[i], out long start, out long count, out long step))
                {
                    throw new ArgumentOutOfRangeException(nameof(ranges), $"{ranges[i]} is not inside dimension {i} of {Described}, which has {_shape[i]}");
                }

                int axis = AxisOf(i);
                axes[axis] = _axes[axis].Part(start, count, step, ranges[i].IsIndex);
            }

            return new TensorSlice(Tensor, axes);
        }
    }

    string Described => $"tensor {SafetensorsException.Quote(Tensor.Name)}";

    /// <summary>A part of this slice: a range of one dimension.</summary>
    /// <param name="dimension">From 0, the slowest.</param>
    /// <param name="start">The first index, within this slice.</param>
    /// <param name="length">How many indices are taken.</param>
    /// <param name="step">From one index of this slice to the next; at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such dimension, or the range is not inside it.</exception>
    /// <exception cref="ObjectDisposedException">The file is disposed of.</exception>
    public TensorSlice Narrow(int dimension, long start, long length, long step = 1)
    {
        RequireDimension(dimension);
        long size = _shape[dimension];
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, size);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, start == size ? 0 : ((size - start - 1) / step) + 1);
        SliceAxis[] axes = [.. _axes];
        int axis = AxisOf(dimension);
        axes[axis] = _axes[axis].Part(start, length, step, select: false);
        return new TensorSlice(Tensor, axes);
    }

    /// <summary>The part at one index of a dimension, without that dimension.</summary>
    /// <param name="dimension">From 0, the slowest.</param>
    /// <param name="index">The index, within this slice.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such dimension, or the index is not inside it.</exception>
    /// <exception cref="ObjectDisposedException">The file is disposed of.</exception>
    public TensorSlice Select(int dimension, long index)
    {
        RequireDimension(dimension);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, _shape[dimension]);
        SliceAxis[] axes = [.. _axes];
        int axis = AxisOf(dimension);
        axes[axis] = _axes[axis].Part(index, 1, 1, select: true);
        return new TensorSlice(Tensor, axes);
    }

    /// <summary>
    /// The longest contiguous ranges of bytes that make up the slice, in its order: where each begins, relative to
    /// <see cref="TensorView.FileOffset"/>, and its length. Together they have <see cref="ByteLength"/> bytes.
    /// </summary>
    /// <exception cref="SafetensorsException"><see cref="SafetensorsError.MisalignedSlice"/>.</exception>
    /// <exception cref="ObjectDisposedException">The file is disposed of.</exception>
    public IEnumerable<(long Offset, long Length)> ByteRanges()
    {
        Tensor.File.Bytes.ThrowIfDisposed();
        RequireWholeBytes();
        return Ranges();
    }

    /// <summary>Copies the slice, packed, in row-major order.</summary>
    /// <param name="destination">At least <see cref="ByteLength"/> bytes.</param>
    /// <remarks>From a source that is not in memory each of <see cref="ByteRanges"/> is one read.</remarks>
    /// <exception cref="ArgumentException">The destination is too short.</exception>
    /// <exception cref="SafetensorsException"><see cref="SafetensorsError.MisalignedSlice"/>, or <see cref="SafetensorsError.IoError"/>: the source cannot be read.</exception>
    /// <exception cref="ObjectDisposedException">The file is disposed of.</exception>
    public void CopyTo(Span<byte> destination)
    {
        RequireRoom(destination.Length);
        foreach ((long offset, long length) in ByteRanges())
        {
            Tensor.File.Bytes.CopyTo(Tensor.FileOffset + offset, destination[..(int)length]);
            destination = destination[(int)length..];
        }
    }

    /// <summary>Writes the slice to a stream, packed, in row-major order.</summary>
    /// <param name="destination">Receives the bytes.</param>
    /// <exception cref="SafetensorsException"><see cref="SafetensorsError.MisalignedSlice"/>, or <see cref="SafetensorsError.IoError"/>: the source cannot be read.</exception>
    /// <exception cref="ObjectDisposedException">The file is disposed of.</exception>
    public void CopyTo(Stream destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        foreach ((long offset, long length) in ByteRanges())
        {
            Tensor.File.Bytes.CopyTo(Tensor.FileOffset + offset, length, destination);
        }
    }

    /// <inheritdoc cref="CopyTo(Span{byte})"/>
    /// <param name="destination">At least <see cref="ByteLength"/> bytes.</param>
    /// <param name="cancellationToken">Ends the copying.</param>
    public async ValueTask CopyToAsync(Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        RequireRoom(destination.Length);
        foreach ((long offset, long length) in ByteRanges())
        {
            await Tensor.File.Bytes.CopyToAsync(Tensor.FileOffset + offset, destination[..(int)length], cancellationToken).ConfigureAwait(false);
            destination = destination[(int)length..];
        }
    }

    /// <inheritdoc cref="CopyTo(Stream)"/>
    /// <param name="destination">Receives the bytes.</param>
    /// <param name="cancellationToken">Ends the copying.</param>
    public async ValueTask CopyToAsync(Stream destination, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        foreach ((long offset, long length) in ByteRanges())
        {
            await Tensor.File.Bytes.CopyToAsync(Tensor.FileOffset + offset, length, destination, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The tensor's name and dtype, and the slice's shape.</summary>
    public override string ToString() => $"{Tensor.Name} {TensorSize.Describe(Tensor.DataType, _shape)} of {TensorSize.Describe(Tensor.DataType, Tensor.Shape)}";

    // Runs that touch are one range: [::2] of a dimension of 3 ends where the next row begins.
    IEnumerable<(long Offset, long Length)> Ranges()
    {
        if (ElementCount == 0)
        {
            yield break;
        }

        SliceLayout layout = Layout();
        (long begin, long end) = (0, 0);
        foreach (long first in layout.RunStarts())
        {
            if (first != end)
            {
                if (end > begin)
                {
                    yield return (BytesOf(begin), BytesOf(end - begin));
                }

                begin = first;
            }

            end = first + layout.Run;
        }

        yield return (BytesOf(begin), BytesOf(end - begin));
    }

    SliceLayout Layout() => SliceLayout.Of(Tensor.Shape, _axes);

    // Every run begins at a sum of these terms, so that it is on a whole byte if they all are.
    void RequireWholeBytes()
    {
        if (Bits % 8 == 0 || ElementCount == 0)
        {
            return;
        }

        SliceLayout layout = Layout();
        if (layout.First * Bits % 8 != 0 || layout.Run * Bits % 8 != 0 || layout.Outer.Any(dimension => dimension.Stride * Bits % 8 != 0))
        {
            throw new SafetensorsException(
                SafetensorsError.MisalignedSlice,
                $"a slice of {Described}, {TensorSize.Describe(Tensor.DataType, Tensor.Shape)}, begins or ends within a byte: choose other bounds",
                Tensor.File.Path,
                Tensor.Name);
        }
    }

    void RequireRoom(int length)
    {
        if (length < ByteLength)
        {
            throw new ArgumentException($"the slice has {ByteLength} bytes, the destination {length}");
        }
    }

    void RequireDimension(int dimension)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(dimension);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(dimension, _shape.Length);
    }

    /// <summary>The tensor's dimension that a dimension of the slice is.</summary>
    int AxisOf(int dimension)
    {
        for (int i = 0; ; i++)
        {
            if (!_axes[i].IsSelected && dimension-- == 0)
            {
                return i;
            }
        }
    }

    // In two parts: elements times bits can exceed 64 bits where the bytes do not.
    long BytesOf(long elements) => (elements / 8 * Bits) + (elements % 8 * Bits / 8);

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
