using System.Runtime.InteropServices;
using Octet.Numerics;

namespace Octet.Safetensors;

/// <summary>By which .NET types a tensor's elements may be read in place, and how elements become bytes.</summary>
static class ElementType
{
    // Elements to a write: a whole number of bytes whatever their width.
    const int Piece = 1 << 16;

    /// <summary>Whether <typeparamref name="T"/> is the element's own type, or the unsigned integer of its width.</summary>
    internal static unsafe bool Holds<T>(DataType type)
        where T : unmanaged
    {
        if (sizeof(T) * 8 != type.BitSize())
        {
            return false;
        }

        if (typeof(T) == typeof(byte) || typeof(T) == typeof(ushort) || typeof(T) == typeof(uint) || typeof(T) == typeof(ulong))
        {
            return true;
        }

        return DataTypes.TryOf<T>(out DataType own) && own == type;
    }

    /// <summary>Writes elements as a file holds them.</summary>
    internal static void Write<T>(ReadOnlySpan<T> elements, DataType type, Stream destination)
        where T : unmanaged
    {
        if (!BitConverter.IsLittleEndian && type.BitSize() > 8)
        {
            throw new PlatformNotSupportedException("safetensors data is little-endian and this machine is not: write bytes");
        }

        switch (type)
        {
            case DataType.Float4E2M1FN:
                WritePacked(MemoryMarshal.Cast<T, Float4E2M1FN>(elements), destination);
                break;
            case DataType.Float6E2M3FN:
                WritePacked(MemoryMarshal.Cast<T, Float6E2M3FN>(elements), destination);
                break;
            case DataType.Float6E3M2FN:
                WritePacked(MemoryMarshal.Cast<T, Float6E3M2FN>(elements), destination);
                break;
            default:
                // A span of bytes holds less than one of elements can.
                for (; !elements.IsEmpty; elements = elements[Math.Min(Piece, elements.Length)..])
                {
                    destination.Write(MemoryMarshal.AsBytes(elements[..Math.Min(Piece, elements.Length)]));
                }

                break;
        }
    }

    static void WritePacked<T>(ReadOnlySpan<T> elements, Stream destination)
        where T : unmanaged, ISmallFloat<T>
    {
        byte[] packed = new byte[PackedBits.ByteCount<T>(Math.Min(Piece, elements.Length))];
        for (; !elements.IsEmpty; elements = elements[Math.Min(Piece, elements.Length)..])
        {
            ReadOnlySpan<T> piece = elements[..Math.Min(Piece, elements.Length)];
            PackedBits.Pack(piece, packed);
            destination.Write(packed.AsSpan(0, (int)PackedBits.ByteCount<T>(piece.Length)));
        }
    }

    /// <summary>The end of a message: how elements of this type are read.</summary>
    internal static string Advice(DataType type) => type.BitSize() switch
    {
        8 => "Byte reads its bits",
        16 => "UInt16 reads its bits",
        32 => "UInt32 reads its bits",
        64 => "UInt64 reads its bits",
        _ => "its elements are smaller than a byte, read Bytes",
    };
}
