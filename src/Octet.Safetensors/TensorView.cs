using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Octet.Numerics;

namespace Octet.Safetensors;

/// <summary>
/// One tensor of an open file: its name, type, shape, and its bytes. The bytes are little-endian, in row-major order (the last
/// dimension varies fastest). A mapped file's, and those in memory, are used in place; those of other sources are copied
/// (<see cref="IsInPlace"/>). Reading after the file is disposed of throws <see cref="ObjectDisposedException"/>.
/// </summary>
public sealed class TensorView
{
    readonly long[] _shape;

    internal TensorView(SafetensorsFile file, HeaderEntry entry, long dataOffset)
    {
        File = file;
        Name = entry.Name;
        DataType = entry.DataType;
        _shape = entry.Shape;
        DataOffset = (long)entry.Begin;
        FileOffset = dataOffset + DataOffset;
        ByteLength = (long)(entry.End - entry.Begin);
        ElementCount = 1;
        foreach (long dimension in _shape)
        {
            ElementCount *= dimension;
        }
    }

    /// <summary>The file the tensor belongs to.</summary>
    public SafetensorsFile File { get; }

    /// <summary>The tensor's name, unique in its file.</summary>
    public string Name { get; }

    /// <summary>The type of the elements.</summary>
    public DataType DataType { get; }

    /// <summary>The dimensions, in elements (of a sub-byte type, too). Empty for a scalar, which has one element.</summary>
    public ReadOnlySpan<long> Shape => _shape;

    /// <summary>The product of the dimensions.</summary>
    public long ElementCount { get; }

    /// <summary>The number of bytes: elements times bits per element, divided by 8.</summary>
    public long ByteLength { get; }

    /// <summary>Where the bytes begin, relative to the data (<see cref="SafetensorsFile.DataOffset"/>). Nothing says that it is aligned.</summary>
    public long DataOffset { get; }

    /// <summary>Where the bytes begin in the file.</summary>
    public long FileOffset { get; }

    /// <summary>
    /// Whether the bytes are in memory: true for a mapped file and one that was given or read whole. Where it is false,
    /// <see cref="Bytes"/>, <see cref="Slice"/>, the spans and the pointer throw, and the copying members read.
    /// </summary>
    public bool IsInPlace => File.Bytes.InPlace;

    /// <summary>Whether the bytes are pages of a file, mapped read-only: what the operating system may drop and read again.</summary>
    public bool IsMapped => File.Bytes is MappedBytes;

    /// <summary>All bytes, in place; valid until the file is disposed of.</summary>
    /// <exception cref="InvalidOperationException">
    /// The bytes are not in place, or are more than a span can hold (<see cref="int.MaxValue"/>): use <see cref="Slice"/>.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The file is disposed of.</exception>
    public ReadOnlySpan<byte> Bytes => InPlace.Span(FileOffset, SpanLength(ByteLength));

    FileBytes InPlace => File.Bytes.InPlace ? File.Bytes : throw NotInPlace();

    /// <summary>A block of the tensor: an index or a range of each dimension, and the dimensions after the last one given whole.</summary>
    /// <param name="ranges">At most one for each dimension: <c>tensor[3]</c>, <c>tensor[..128, ^64..]</c>.</param>
    /// <exception cref="ArgumentException">There are more ranges than dimensions.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A range is not inside its dimension.</exception>
    /// <exception cref="ObjectDisposedException">The file is disposed of.</exception>
    public TensorSlice this[params ReadOnlySpan<TensorRange> ranges] => new TensorSlice(this)[ranges];

    /// <summary>Some of the bytes, in place; valid until the file is disposed of.</summary>
    /// <param name="offset">The first byte, from 0 to <see cref="ByteLength"/>.</param>
    /// <param name="length">The number of bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the tensor.</exception>
    /// <exception cref="InvalidOperationException">The bytes are not in place.</exception>
    /// <exception cref="ObjectDisposedException">The file is disposed of.</exception>
    public ReadOnlySpan<byte> Slice(long offset, int length)
    {
        RequireInside(offset, length);
        return InPlace.Span(FileOffset + offset, length);
    }

    /// <summary>A block of the tensor: a range of one dimension, and of more by narrowing again.</summary>
    /// <param name="dimension">From 0, the slowest.</param>
    /// <param name="start">The first index.</param>
    /// <param name="length">How many indices are taken.</param>
    /// <param name="step">From one index to the next; at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such dimension, or the range is not inside it.</exception>
    /// <exception cref="ObjectDisposedException">The file is disposed of.</exception>
    public TensorSlice Narrow(int dimension, long start, long length, long step = 1) =>
        new TensorSlice(this).Narrow(dimension, start, length, step);

    /// <summary>The block at one index of a dimension, without that dimension.</summary>
    /// <param name="dimension">From 0, the slowest.</param>
    /// <param name="index">The index.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such dimension, or the index is not inside it.</exception>
    /// <exception cref="ObjectDisposedException">The file is disposed of.</exception>
    public TensorSlice Select(int dimension, long index) => new TensorSlice(this).Select(dimension, index);

    /// <summary>All elements, in place, flat; valid until the file is disposed of.</summary>
    /// <typeparam name="T">The element's type (<see cref="DataTypes.Of{T}"/>), or the unsigned integer of its width for the raw bits.</typeparam>
    /// <remarks>
    /// Files written by the reference, or by this library, align every tensor to its element. The format does not ask for it:
    /// from other writers' files the span may be unaligned, which x64 and Arm64 read correctly.
    /// </remarks>
    /// <exception cref="InvalidOperationException">
    /// The tensor has another type, the bytes are not in place, or there are more elements than a span can hold.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The file is disposed of.</exception>
    public ReadOnlySpan<T> AsSpan<T>()
        where T : unmanaged
    {
        RequireType<T>();
        ReadOnlySpan<byte> first = InPlace.Span(FileOffset, 0);
        return MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<byte, T>(ref MemoryMarshal.GetReference(first)), SpanLength(ElementCount));
    }

    /// <summary>
    /// All elements, in place, in the tensor's shape, however many they are; valid until the file is disposed of. A scalar
    /// comes as one dimension of 1.
    /// </summary>
    /// <typeparam name="T">As in <see cref="AsSpan"/>.</typeparam>
    /// <exception cref="InvalidOperationException">The tensor has another type, the bytes are not in place, or the tensor is empty with dimensions whose product does not fit a native integer.</exception>
    /// <exception cref="ObjectDisposedException">The file is disposed of.</exception>
    public unsafe ReadOnlyTensorSpan<T> AsTensorSpan<T>()
        where T : unmanaged
    {
        RequireType<T>();
        RequireStrides();
        nint[] lengths = _shape.Length == 0 ? [1] : Array.ConvertAll(_shape, dimension => checked((nint)dimension));
        return new ReadOnlyTensorSpan<T>((T*)(InPlace.Pointer + FileOffset), checked((nint)ElementCount), lengths);
    }

    // Only an empty tensor can have them: the bytes of any other are in a file.
    void RequireStrides()
    {
        UInt128 product = 1;
        foreach (long dimension in _shape)
        {
            product *= (ulong)Math.Max(1, dimension);
            if (product > (ulong)nint.MaxValue)
            {
                throw new InvalidOperationException(
                    $"{SafetensorsException.Line(File.Path)}: tensor {SafetensorsException.Quote(Name)}, {TensorSize.Describe(DataType, _shape)}, is empty, and its dimensions are larger than the strides of a tensor span can be");
            }
        }
    }

    /// <summary>
    /// The address of the first byte, for kernels: unchecked, and valid only until the file is disposed of. This is the one
    /// member whose result can crash the process; hold the file as long as the pointer.
    /// </summary>
    /// <exception cref="InvalidOperationException">The bytes are not in place.</exception>
    /// <exception cref="ObjectDisposedException">The file is disposed of.</exception>
    public unsafe byte* DangerousGetPointer() => InPlace.Pointer + FileOffset;

    /// <summary>Copies some of the bytes. Safe against the file's disposal on another thread.</summary>
    /// <param name="offset">The first byte, from 0 to <see cref="ByteLength"/>.</param>
    /// <param name="destination">Is filled.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the tensor.</exception>
    /// <exception cref="SafetensorsException"><see cref="SafetensorsError.IoError"/>: the source cannot be read.</exception>
    /// <exception cref="ObjectDisposedException">The file is disposed of.</exception>
    public void Read(long offset, Span<byte> destination)
    {
        RequireInside(offset, destination.Length);
        File.Bytes.CopyTo(FileOffset + offset, destination);
    }

    /// <inheritdoc cref="Read"/>
    /// <param name="offset">The first byte, from 0 to <see cref="ByteLength"/>.</param>
    /// <param name="destination">Is filled.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        RequireInside(offset, destination.Length);
        return File.Bytes.CopyToAsync(FileOffset + offset, destination, cancellationToken);
    }

    /// <summary>Copies all bytes. Safe against the file's disposal on another thread.</summary>
    /// <param name="destination">At least <see cref="ByteLength"/> bytes.</param>
    /// <exception cref="ArgumentException">The destination is too short.</exception>
    /// <exception cref="SafetensorsException"><see cref="SafetensorsError.IoError"/>: the source cannot be read.</exception>
    /// <exception cref="ObjectDisposedException">The file is disposed of.</exception>
    public void CopyTo(Span<byte> destination)
    {
        RequireRoom(destination.Length);
        File.Bytes.CopyTo(FileOffset, destination[..(int)ByteLength]);
    }

    /// <summary>Writes all bytes to a stream, however many they are.</summary>
    /// <exception cref="SafetensorsException"><see cref="SafetensorsError.IoError"/>: the source cannot be read.</exception>
    /// <exception cref="ObjectDisposedException">The file is disposed of.</exception>
    public void CopyTo(Stream destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        File.Bytes.CopyTo(FileOffset, ByteLength, destination);
    }

    /// <inheritdoc cref="CopyTo(Span{byte})"/>
    /// <param name="destination">At least <see cref="ByteLength"/> bytes.</param>
    /// <param name="cancellationToken">Ends the copying.</param>
    public ValueTask CopyToAsync(Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        RequireRoom(destination.Length);
        return File.Bytes.CopyToAsync(FileOffset, destination[..(int)ByteLength], cancellationToken);
    }

    /// <inheritdoc cref="CopyTo(Stream)"/>
    /// <param name="destination">Receives the bytes.</param>
    /// <param name="cancellationToken">Ends the copying.</param>
    public ValueTask CopyToAsync(Stream destination, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        return File.Bytes.CopyToAsync(FileOffset, ByteLength, destination, cancellationToken);
    }

    /// <summary>The name, dtype and shape: <c>lm_head.weight F8_E4M3 [151936, 2560]</c>.</summary>
    public override string ToString() => $"{Name} {TensorSize.Describe(DataType, _shape)}";

    void RequireInside(long offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, ByteLength);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, ByteLength - offset);
    }

    void RequireRoom(int length)
    {
        if (length < ByteLength)
        {
            throw new ArgumentException($"tensor {SafetensorsException.Quote(Name)} has {ByteLength} bytes, the destination {length}");
        }
    }

    void RequireType<T>()
        where T : unmanaged
    {
        if (!ElementType.Holds<T>(DataType))
        {
            throw new InvalidOperationException(
                $"tensor {SafetensorsException.Quote(Name)} is {DataType.SafetensorsName()}: {typeof(T).Name} is not its element type; {ElementType.Advice(DataType)}");
        }

        if (!BitConverter.IsLittleEndian && DataType.BitSize() > 8)
        {
            throw new PlatformNotSupportedException("safetensors data is little-endian and this machine is not: read Bytes");
        }
    }

    InvalidOperationException NotInPlace()
    {
        File.Bytes.ThrowIfDisposed();
        return new InvalidOperationException(
            $"tensor {SafetensorsException.Quote(Name)} of {SafetensorsException.Line(File.Path)} is not in memory: use CopyTo, or open the file mapped");
    }

    int SpanLength(long length) => length <= int.MaxValue
        ? (int)length
        : throw new InvalidOperationException(
            $"tensor {SafetensorsException.Quote(Name)} has {length} items, a span holds at most {int.MaxValue}: read it in slices");
}
