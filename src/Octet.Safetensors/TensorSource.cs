using Octet.Numerics;

namespace Octet.Safetensors;

/// <summary>A tensor to be written: its name, type and shape, and where its bytes come from when its turn is there.</summary>
public sealed class TensorSource
{
    readonly long[] _shape;
    readonly Action<Stream> _write;

    /// <summary>A tensor whose bytes are made when they are written, so that a model never has to be in memory whole.</summary>
    /// <param name="name">The name; not empty, not <c>__metadata__</c>, without NUL, valid Unicode.</param>
    /// <param name="dataType">The type of the elements.</param>
    /// <param name="shape">The dimensions in elements; empty for a scalar.</param>
    /// <param name="write">Writes exactly <see cref="ByteLength"/> bytes: little-endian, row-major.</param>
    /// <exception cref="SafetensorsException">
    /// <see cref="SafetensorsError.InvalidTensorName"/>, <see cref="SafetensorsError.ValidationOverflow"/>, or
    /// <see cref="SafetensorsError.MisalignedSlice"/> where a sub-byte type does not fill whole bytes.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">A dimension is negative, or the type is not one of the enumeration.</exception>
    public TensorSource(string name, DataType dataType, ReadOnlySpan<long> shape, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(write);
        RequireName(name);
        if (!SafetensorsDataType.IsDefined(dataType))
        {
            throw new ArgumentOutOfRangeException(nameof(dataType), dataType, "not an element type of safetensors");
        }

        foreach (long dimension in shape)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(dimension, nameof(shape));
        }

        string described = $"tensor {SafetensorsException.Quote(name)}, {TensorSize.Describe(dataType, shape)},";
        if (!TensorSize.TryGetBitLength(shape, dataType, out ulong bits))
        {
            throw new SafetensorsException(SafetensorsError.ValidationOverflow, $"{described} has a size that does not fit in 64 bits", null, name);
        }

        if (bits % 8 != 0)
        {
            throw new SafetensorsException(
                SafetensorsError.MisalignedSlice, $"{described} takes {bits} bits, which is not a whole number of bytes: pad the shape", null, name);
        }

        Name = name;
        DataType = dataType;
        ByteLength = (long)(bits / 8);
        _shape = shape.ToArray();
        _write = write;
    }

    /// <summary>A tensor's place, whose bytes come by <see cref="CheckpointWriter.Write"/>.</summary>
    /// <inheritdoc cref="TensorSource(string, DataType, ReadOnlySpan{long}, Action{Stream})"/>
    /// <param name="name">The name; not empty, not <c>__metadata__</c>, without NUL, valid Unicode.</param>
    /// <param name="dataType">The type of the elements.</param>
    /// <param name="shape">The dimensions in elements; empty for a scalar.</param>
    public TensorSource(string name, DataType dataType, ReadOnlySpan<long> shape)
        : this(name, dataType, shape, _ => throw new InvalidOperationException($"tensor {name} has no bytes of its own: it is written by a {nameof(CheckpointWriter)}"))
    {
    }

    /// <summary>A tensor whose bytes are in memory.</summary>
    /// <param name="name">The name; not empty, not <c>__metadata__</c>, without NUL, valid Unicode.</param>
    /// <param name="dataType">The type of the elements.</param>
    /// <param name="shape">The dimensions in elements; empty for a scalar.</param>
    /// <param name="bytes">The elements, little-endian, row-major; exactly as many as the shape needs.</param>
    /// <exception cref="SafetensorsException">As above, or <see cref="SafetensorsError.InvalidTensorView"/>: the number of bytes is wrong.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A dimension is negative, or the type is not one of the enumeration.</exception>
    public TensorSource(string name, DataType dataType, ReadOnlySpan<long> shape, ReadOnlyMemory<byte> bytes)
        : this(name, dataType, shape, stream => stream.Write(bytes.Span))
    {
        if (bytes.Length != ByteLength)
        {
            throw new SafetensorsException(
                SafetensorsError.InvalidTensorView,
                $"tensor {SafetensorsException.Quote(name)}, {TensorSize.Describe(dataType, shape)}, needs {ByteLength} bytes, {bytes.Length} were given",
                null,
                name);
        }
    }

    /// <summary>A tensor whose elements are in memory; its type is theirs. Those of 4 and 6 bits are packed as they are written.</summary>
    /// <typeparam name="T">An element type of safetensors, as <see cref="DataTypes.Of{T}"/> knows them.</typeparam>
    /// <param name="name">The name; not empty, not <c>__metadata__</c>, without NUL, valid Unicode.</param>
    /// <param name="shape">The dimensions in elements; empty for a scalar.</param>
    /// <param name="elements">Row-major; as many as the shape has. Read when the tensor is written.</param>
    /// <exception cref="SafetensorsException">As above, or <see cref="SafetensorsError.InvalidTensorView"/>: the number of elements is wrong.</exception>
    /// <exception cref="NotSupportedException">No tensor has elements of this type.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A dimension is negative, or safetensors does not have the type.</exception>
    public static TensorSource Create<T>(string name, ReadOnlySpan<long> shape, ReadOnlyMemory<T> elements)
        where T : unmanaged
    {
        DataType type = DataTypes.Of<T>();
        TensorSource source = new(name, type, shape, stream => ElementType.Write(elements.Span, type, stream));
        UInt128 count = 1;
        foreach (long dimension in shape)
        {
            count *= (ulong)dimension;
        }

        return count == (ulong)elements.Length ? source : throw new SafetensorsException(
            SafetensorsError.InvalidTensorView,
            $"tensor {SafetensorsException.Quote(name)}, {TensorSize.Describe(type, shape)}, has {count} elements, {elements.Length} were supplied",
            null,
            name);
    }

    /// <summary>A tensor of an open file, to be copied. The file must stay open until the tensor is written.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="name">A new name; null keeps the tensor's.</param>
    /// <exception cref="SafetensorsException"><see cref="SafetensorsError.InvalidTensorName"/>.</exception>
    public TensorSource(TensorView tensor, string? name = null)
        : this(NameFor(tensor, name), tensor.DataType, tensor.Shape, tensor.CopyTo)
    {
    }

    /// <summary>A block of a tensor of an open file, to be copied. The file must stay open until it is written.</summary>
    /// <param name="slice">The block.</param>
    /// <param name="name">Its name in the file written.</param>
    /// <exception cref="SafetensorsException"><see cref="SafetensorsError.InvalidTensorName"/> or <see cref="SafetensorsError.MisalignedSlice"/>.</exception>
    public TensorSource(TensorSlice slice, string name)
        : this(name, (slice ?? throw new ArgumentNullException(nameof(slice))).Tensor.DataType, slice.Shape, slice.CopyTo)
    {
    }

    /// <summary>The same tensor under the name that it is stored under: of all its names the first, by their UTF-8 bytes.</summary>
    TensorSource(TensorSource source, string[] sortedNames)
    {
        Name = sortedNames[0];
        DataType = source.DataType;
        ByteLength = source.ByteLength;
        _shape = source._shape;
        _write = source._write;
        Aliases = sortedNames[1..].AsReadOnly();
    }

    /// <summary>The tensor's name.</summary>
    public string Name { get; }

    /// <summary>
    /// Other names of the same tensor, such as <c>lm_head.weight</c> where it shares its bytes with the embedding. The bytes are written
    /// once, under the first of all the names (by their UTF-8 bytes); each other name is recorded in the metadata of the same file as
    /// <c>{other: first}</c>, as the Python library's <c>save_model</c> does. <see cref="SharedTensorNames"/> reads it back.
    /// </summary>
    /// <exception cref="SafetensorsException"><see cref="SafetensorsError.InvalidTensorName"/>.</exception>
    public IReadOnlyList<string> Aliases
    {
        get;
        init
        {
            ArgumentNullException.ThrowIfNull(value);
            field = [.. value];
            foreach (string name in field)
            {
                ArgumentNullException.ThrowIfNull(name);
                RequireName(name);
            }
        }
    } = [];

    /// <summary>The type of the elements.</summary>
    public DataType DataType { get; }

    /// <summary>The dimensions, in elements.</summary>
    public ReadOnlySpan<long> Shape => _shape;

    /// <summary>The number of bytes to be written.</summary>
    public long ByteLength { get; }

    internal long ElementCount => (long)((UInt128)ByteLength * 8 / (uint)DataType.BitSize());

    internal void WriteTo(Stream stream) => _write(stream);

    internal TensorSource UnderFirstName() =>
        Aliases.Count == 0 ? this : new TensorSource(this, [.. Aliases.Append(Name).Order(Utf8Order.Instance)]);

    static string NameFor(TensorView tensor, string? name)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return name ?? tensor.Name;
    }

    static void RequireName(string name)
    {
        string? problem = name switch
        {
            "" => "is empty",
            HeaderReader.MetadataName => "is the format's own word for its metadata",
            _ when name.Contains('\0') => "contains a NUL character",
            _ when !Utf8Order.IsWellFormed(name) => "is not valid Unicode (half a surrogate pair)",
            _ => null,
        };
        if (problem is not null)
        {
            throw new SafetensorsException(
                SafetensorsError.InvalidTensorName, $"the tensor name {SafetensorsException.Quote(name)} {problem}: choose another", null, name);
        }
    }
}
