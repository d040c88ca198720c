using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Octet.Numerics;

namespace Octet.Safetensors;

/// <summary>
/// One tensor of an open file: its name, type, shape, and its bytes in place. The bytes are little-endian, in row-major
/// order (the last dimension varies fastest). Reading them after the file is disposed of throws <see cref="ObjectDisposedException"/>.
/// </summary>
public sealed unsafe class TensorView
{
    const int StreamChunk = 1 << 20;

    readonly long[] _shape;

    internal TensorView(SafetensorsFile file, HeaderEntry entry)
    {
        File = file;
        Name = entry.Name;
        DataType = entry.DataType;
        _shape = entry.Shape;
        DataOffset = (long)entry.Begin;
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

    /// <summary>All bytes, in place; valid until the file is disposed of.</summary>
    /// <exception cref="InvalidOperationException">The tensor is longer than a span can be (<see cref="int.MaxValue"/> bytes): use <see cref="Slice"/>.</exception>
    /// <exception cref="ObjectDisposedException">The file is disposed of.</exception>
    public ReadOnlySpan<byte> Bytes => File.Bytes.Span(Begin, SpanLength(ByteLength));

    long Begin => File.DataOffset + DataOffset;

    /// <summary>Some of the bytes, in place; valid until the file is disposed of.</summary>
    /// <param name="offset">The first byte, from 0 to <see cref="ByteLength"/>.</param>
    /// <param name="length">The number of bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the tensor.</exception>
    /// <exception cref="ObjectDisposedException">The file is disposed of.</exception>
    public ReadOnlySpan<byte> Slice(long offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, ByteLength);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, ByteLength - offset);
        return File.Bytes.Span(Begin + offset, length);
    }

    /// <summary>A block of the tensor: a range of one dimension, and of more by narrowing again.</summary>
    /// <param name="dimension">From 0, the slowest.</param>
    /// <param name="start">The first index.</param>
    /// <param name="length">How many.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such dimension, or the range is not inside it.</exception>
    public TensorSlice Narrow(int dimension, long start, long length) => new TensorSlice(this).Narrow(dimension, start, length);

    /// <summary>All elements, in place; valid until the file is disposed of.</summary>
    /// <typeparam name="T">A type of the element's size; which one is not checked further, so that E4M3 may be read as <see cref="byte"/>.</typeparam>
    /// <remarks>
    /// Files written by the reference, or by this library, align every tensor to its element. The format does not ask for it:
    /// from other writers' files the span may be unaligned, which x64 and Arm64 read correctly.
    /// </remarks>
    /// <exception cref="InvalidOperationException">The sizes differ, or there are more elements than a span can hold.</exception>
    /// <exception cref="ObjectDisposedException">The file is disposed of.</exception>
    public ReadOnlySpan<T> AsSpan<T>()
        where T : unmanaged
    {
        int bits = DataType.BitSize();
        if (sizeof(T) * 8 != bits)
        {
            throw new InvalidOperationException(
                $"tensor {SafetensorsException.Quote(Name)} is {DataType.SafetensorsName()} with {bits} bits to an element, {typeof(T).Name} has {sizeof(T) * 8}");
        }

        if (!BitConverter.IsLittleEndian && sizeof(T) > 1)
        {
            throw new PlatformNotSupportedException("safetensors data is little-endian and this machine is not: read Bytes");
        }

        ReadOnlySpan<byte> first = File.Bytes.Span(Begin, 0);
        return MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<byte, T>(ref MemoryMarshal.GetReference(first)), SpanLength(ElementCount));
    }

    /// <summary>
    /// The address of the first byte, for kernels: unchecked, and valid only until the file is disposed of. This is the one
    /// member whose result can crash the process; hold the file as long as the pointer.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The file is disposed of.</exception>
    public byte* DangerousGetPointer() => File.Bytes.Pointer + Begin;

    /// <summary>Copies all bytes. Safe against the file's disposal on another thread.</summary>
    /// <param name="destination">At least <see cref="ByteLength"/> bytes.</param>
    /// <exception cref="ArgumentException">The destination is too short.</exception>
    /// <exception cref="ObjectDisposedException">The file is disposed of.</exception>
    public void CopyTo(Span<byte> destination)
    {
        if (destination.Length < ByteLength)
        {
            throw new ArgumentException(
                $"tensor {SafetensorsException.Quote(Name)} has {ByteLength} bytes, the destination {destination.Length}", nameof(destination));
        }

        File.Bytes.CopyTo(Begin, destination[..(int)ByteLength]);
    }

    /// <summary>Writes all bytes to a stream, however many they are.</summary>
    /// <exception cref="ObjectDisposedException">The file is disposed of.</exception>
    public void CopyTo(Stream destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        for (long at = 0; at < ByteLength; at += StreamChunk)
        {
            destination.Write(Slice(at, (int)Math.Min(StreamChunk, ByteLength - at)));
        }
    }

    /// <summary>The name, dtype and shape: <c>lm_head.weight F8_E4M3 [151936, 2560]</c>.</summary>
    public override string ToString() => $"{Name} {TensorSize.Describe(DataType, _shape)}";

    int SpanLength(long length) => length <= int.MaxValue
        ? (int)length
        : throw new InvalidOperationException(
            $"tensor {SafetensorsException.Quote(Name)} has {length} items, a span holds at most {int.MaxValue}: read it in slices");
}
