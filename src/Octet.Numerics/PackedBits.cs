using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Octet.Numerics;

/// <summary>
/// Formats of less than a byte as tensors store them, without gaps, the first element in the lowest bits: of 4 bits two to a byte, the
/// even one below (as every producer of F4, MXFP4 and NVFP4 has it); of 6 bits four to three bytes, element i in the bits from 6i up,
/// little-endian. In a span of their own type they take a byte each.
/// </summary>
public static class PackedBits
{
    /// <summary>The bytes that elements take when packed; the last byte may be filled in part.</summary>
    /// <typeparam name="T">A format of 4, 6 or 8 bits.</typeparam>
    /// <param name="count">The number of elements, 0 or more.</param>
    public static long ByteCount<T>(long count)
        where T : unmanaged, ISmallFloat<T>
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return (long)((((UInt128)count * (uint)Width<T>()) + 7) / 8);
    }

    /// <summary>Packs elements. Bits of the last byte beyond them are zero.</summary>
    /// <typeparam name="T">A format of 4, 6 or 8 bits.</typeparam>
    /// <param name="elements">One in a byte.</param>
    /// <param name="packed">At least <see cref="ByteCount{T}"/> bytes.</param>
    /// <exception cref="ArgumentException"><paramref name="packed"/> is too short.</exception>
    public static void Pack<T>(ReadOnlySpan<T> elements, Span<byte> packed)
        where T : unmanaged, ISmallFloat<T>
    {
        Check<T>(elements.Length, packed.Length);
        ReadOnlySpan<byte> codes = MemoryMarshal.Cast<T, byte>(elements);
        switch (Width<T>())
        {
            case 4:
                Pack4(codes, packed);
                break;
            case 6:
                Pack6(codes, packed);
                break;
            default:
                codes.CopyTo(packed);
                break;
        }
    }

    /// <summary>Unpacks elements.</summary>
    /// <typeparam name="T">A format of 4, 6 or 8 bits.</typeparam>
    /// <param name="packed">At least <see cref="ByteCount{T}"/> bytes.</param>
    /// <param name="elements">One in a byte.</param>
    /// <exception cref="ArgumentException"><paramref name="packed"/> is too short.</exception>
    public static void Unpack<T>(ReadOnlySpan<byte> packed, Span<T> elements)
        where T : unmanaged, ISmallFloat<T>
    {
        Check<T>(elements.Length, packed.Length);
        Span<byte> codes = MemoryMarshal.Cast<T, byte>(elements);
        switch (Width<T>())
        {
            case 4:
                Unpack4(packed, codes);
                break;
            case 6:
                Unpack6(packed, codes);
                break;
            default:
                packed[..codes.Length].CopyTo(codes);
                break;
        }
    }

    static int Width<T>()
        where T : unmanaged, ISmallFloat<T>
    {
        int bits = T.ExponentBits + T.MantissaBits + (Code<T>.IsUnsigned ? 0 : 1);
        return Unsafe.SizeOf<T>() == 1 && bits is 4 or 6 or 8
            ? bits
            : throw new NotSupportedException($"{typeof(T).Name} has {bits} bits: only formats of 4, 6 and 8 bits are packed into bytes");
    }

    // Eight elements in a word: pairs move together, then the bytes that hold them.
    static void Pack4(ReadOnlySpan<byte> codes, Span<byte> packed)
    {
        int i = 0;
        for (; i <= codes.Length - 8; i += 8)
        {
            ulong word = BinaryPrimitives.ReadUInt64LittleEndian(codes[i..]) & 0x0F0F_0F0F_0F0F_0F0F;
            word = (word | (word >> 4)) & 0x00FF_00FF_00FF_00FF;
            word = (word | (word >> 8)) & 0x0000_FFFF_0000_FFFF;
            BinaryPrimitives.WriteUInt32LittleEndian(packed[(i / 2)..], (uint)(word | (word >> 16)));
        }

        for (; i < codes.Length; i++)
        {
            int code = codes[i] & 0xF;
            packed[i / 2] = (byte)((i & 1) == 0 ? code : packed[i / 2] | (code << 4));
        }
    }

    static void Unpack4(ReadOnlySpan<byte> packed, Span<byte> codes)
    {
        int i = 0;
        for (; i <= codes.Length - 8; i += 8)
        {
            ulong word = BinaryPrimitives.ReadUInt32LittleEndian(packed[(i / 2)..]);
            word = (word | (word << 16)) & 0x0000_FFFF_0000_FFFF;
            word = (word | (word << 8)) & 0x00FF_00FF_00FF_00FF;
            BinaryPrimitives.WriteUInt64LittleEndian(codes[i..], (word | (word << 4)) & 0x0F0F_0F0F_0F0F_0F0F);
        }

        for (; i < codes.Length; i++)
        {
            codes[i] = (byte)(packed[i / 2] >> ((i & 1) * 4) & 0xF);
        }
    }

    static void Pack6(ReadOnlySpan<byte> codes, Span<byte> packed)
    {
        int at = 0;
        for (int i = 0; i < codes.Length; i += 4)
        {
            ReadOnlySpan<byte> four = codes[i..Math.Min(i + 4, codes.Length)];
            uint bits = 0;
            for (int j = 0; j < four.Length; j++)
            {
                bits |= (four[j] & 0x3Fu) << (6 * j);
            }

            for (int bytes = ((four.Length * 6) + 7) / 8; bytes > 0; bytes--, bits >>= 8)
            {
                packed[at++] = (byte)bits;
            }
        }
    }

    static void Unpack6(ReadOnlySpan<byte> packed, Span<byte> codes)
    {
        int at = 0;
        for (int i = 0; i < codes.Length; i += 4)
        {
            Span<byte> four = codes[i..Math.Min(i + 4, codes.Length)];
            uint bits = 0;
            for (int j = 0; j < ((four.Length * 6) + 7) / 8; j++)
            {
                bits |= (uint)packed[at++] << (8 * j);
            }

            for (int j = 0; j < four.Length; j++, bits >>= 6)
            {
                four[j] = (byte)(bits & 0x3F);
            }
        }
    }

    static void Check<T>(int elements, int packed)
        where T : unmanaged, ISmallFloat<T>
    {
        long needed = ByteCount<T>(elements);
        if (packed < needed)
        {
            throw new ArgumentException($"{elements} elements of {Width<T>()} bits take {needed} bytes packed, there are {packed}", nameof(packed));
        }
    }
}
