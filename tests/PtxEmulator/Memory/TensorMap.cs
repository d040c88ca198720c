using System.Buffers.Binary;

namespace PtxEmulator;

/// <summary>How a bulk copy of a tensor's tile permutes 16-byte pieces in shared memory; the values are those of <c>CUtensorMapSwizzle</c>.</summary>
public enum TensorMapSwizzle
{
    None = 0,
    Bytes32 = 1,
    Bytes64 = 2,
    Bytes128 = 3,
}

/// <summary>
/// What a <c>CUtensorMap</c> says of a tensor in global memory and of the tiles that bulk copies take from it. Its 128
/// bytes are opaque to programs; the emulator has an encoding of its own.
/// </summary>
public sealed record TensorMap
{
    /// <summary>The size of an encoded map; it lies at a multiple of 64.</summary>
    public const int Bytes = 128;

    const ulong Magic = 0x70616d726f736e74;
    const int MaxRank = 5;

    /// <summary>The address of the first element, a multiple of 16.</summary>
    public required ulong Address { get; init; }

    /// <summary>Bytes of an element: 1, 2, 4 or 8.</summary>
    public required int ElementBytes { get; init; }

    /// <summary>Elements along each dimension, innermost first; one to five dimensions.</summary>
    public required IReadOnlyList<ulong> Dimensions { get; init; }

    /// <summary>Bytes from an element to the next along each dimension but the innermost; multiples of 16 below 2^40.</summary>
    public required IReadOnlyList<ulong> Strides { get; init; }

    /// <summary>Elements of a tile along each dimension, at most 256.</summary>
    public required IReadOnlyList<int> Box { get; init; }

    public TensorMapSwizzle Swizzle { get; init; }

    /// <summary>Bytes of a tile.</summary>
    public int BoxBytes => Box.Aggregate(ElementBytes, (bytes, extent) => bytes * extent);

    /// <summary>The size in bytes of a value of <c>CUtensorMapDataType</c>, or 0 for one that is not known.</summary>
    public static int ElementBytesOf(int dataType) => dataType switch
    {
        0 => 1,
        1 or 6 or 9 => 2,
        2 or 3 or 7 or 10 or 11 or 12 => 4,
        4 or 5 or 8 => 8,
        _ => 0,
    };

    /// <summary>Which rule of <c>cuTensorMapEncodeTiled</c> the map breaks; null for a good one.</summary>
    public string? Error()
    {
        int inner = Box.Count == 0 ? 0 : Box[0] * ElementBytes;
        int span = 16 << (int)Swizzle;
        return this switch
        {
            { ElementBytes: not (1 or 2 or 4 or 8) } => $"elements of {ElementBytes} bytes",
            { Dimensions.Count: < 1 or > MaxRank } => $"{Dimensions.Count} dimensions",
            _ when Strides.Count != Dimensions.Count - 1 || Box.Count != Dimensions.Count => "strides or box of another number of dimensions",
            _ when Address % 16 != 0 || Address == 0 => $"address 0x{Address:x} is no multiple of 16",
            _ when Dimensions.Any(extent => extent is 0 or > 1UL << 32) => "a dimension is not in 1 to 2^32",
            _ when Strides.Any(stride => stride % 16 != 0 || stride >= 1UL << 40) => "a stride is no multiple of 16 below 2^40",
            _ when Box.Any(extent => extent is < 1 or > 256) => "an extent of the box is not in 1 to 256",
            _ when inner % 16 != 0 => $"{inner} bytes of the box's rows are no multiple of 16",
            _ when Swizzle != TensorMapSwizzle.None && inner > span => $"{inner} bytes of the box's rows: the swizzle allows {span}",
            _ => null,
        };
    }

    /// <summary>Encodes the map.</summary>
    /// <param name="destination">128 bytes.</param>
    /// <exception cref="ArgumentException">The map breaks a rule; see <see cref="Error"/>.</exception>
    public void WriteTo(Span<byte> destination)
    {
        if (Error() is { } error)
        {
            throw new ArgumentException(error);
        }

        destination[..Bytes].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(destination, Magic);
        destination[8] = (byte)ElementBytes;
        destination[9] = (byte)Dimensions.Count;
        destination[10] = (byte)Swizzle;
        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], Address);
        for (int i = 0; i < Dimensions.Count; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(destination[(24 + (8 * i))..], Dimensions[i]);
            BinaryPrimitives.WriteUInt64LittleEndian(destination[(64 + (8 * i))..], i == 0 ? 0 : Strides[i - 1]);
            BinaryPrimitives.WriteUInt16LittleEndian(destination[(104 + (2 * i))..], (ushort)Box[i]);
        }
    }

    /// <summary>Decodes what <see cref="WriteTo"/> wrote; null for anything else.</summary>
    public static TensorMap? Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Bytes || BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Magic)
        {
            return null;
        }

        int rank = bytes[9];
        ulong[] dimensions = new ulong[rank];
        ulong[] strides = new ulong[rank - 1];
        int[] box = new int[rank];
        for (int i = 0; i < rank; i++)
        {
            dimensions[i] = BinaryPrimitives.ReadUInt64LittleEndian(bytes[(24 + (8 * i))..]);
            box[i] = BinaryPrimitives.ReadUInt16LittleEndian(bytes[(104 + (2 * i))..]);
            if (i > 0)
            {
                strides[i - 1] = BinaryPrimitives.ReadUInt64LittleEndian(bytes[(64 + (8 * i))..]);
            }
        }

        return new TensorMap
        {
            Address = BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]),
            ElementBytes = bytes[8],
            Dimensions = dimensions,
            Strides = strides,
            Box = box,
            Swizzle = (TensorMapSwizzle)bytes[10],
        };
    }
}
