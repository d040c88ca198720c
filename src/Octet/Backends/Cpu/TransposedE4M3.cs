using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Octet.Backends.Cpu;

/// <summary>E4M3 codes that lie inputs first, as rows of bfloat16, which holds them all: tiles of 16 x 16 bytes are turned in registers.</summary>
static unsafe class TransposedE4M3
{
    /// <summary>Rows and columns of a tile.</summary>
    internal const int Tile = 16;

    /// <summary>One tile.</summary>
    /// <param name="stored">The first code of the first row; the others follow each other.</param>
    /// <param name="step">Bytes from a row's code to its next.</param>
    /// <param name="destination">The first row.</param>
    /// <param name="columns">From a row to the next.</param>
    [SkipLocalsInit]
    internal static void Turn(byte* stored, nint step, ushort* destination, nint columns)
    {
        Vector128<byte>* a = stackalloc Vector128<byte>[Tile];
        Vector128<byte>* b = stackalloc Vector128<byte>[Tile];

        // A perfect shuffle of 16 vectors, four times, exchanges rows and columns. The first is of what is loaded.
        for (int i = 0; i < Tile / 2; i++)
        {
            Vector128<byte> even = Vector128.Load(stored + (i * step));
            Vector128<byte> odd = Vector128.Load(stored + ((i + (Tile / 2)) * step));
            a[2 * i] = ZipLow(even, odd);
            a[(2 * i) + 1] = ZipHigh(even, odd);
        }

        Shuffle(a, b);
        Shuffle(b, a);
        for (int i = 0; i < Tile / 2; i++)
        {
            Widen(ZipLow(a[i], a[i + (Tile / 2)])).Store(destination + (2 * i * columns));
            Widen(ZipHigh(a[i], a[i + (Tile / 2)])).Store(destination + (((2 * i) + 1) * columns));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Shuffle(Vector128<byte>* from, Vector128<byte>* to)
    {
        for (int i = 0; i < Tile / 2; i++)
        {
            to[2 * i] = ZipLow(from[i], from[i + (Tile / 2)]);
            to[(2 * i) + 1] = ZipHigh(from[i], from[i + (Tile / 2)]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<byte> ZipLow(Vector128<byte> even, Vector128<byte> odd)
        => Sse2.IsSupported ? Sse2.UnpackLow(even, odd)
            : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(even, odd)
            : (Vector128.WidenLower(even) | (Vector128.WidenLower(odd) << 8)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<byte> ZipHigh(Vector128<byte> even, Vector128<byte> odd)
        => Sse2.IsSupported ? Sse2.UnpackHigh(even, odd)
            : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(even, odd)
            : (Vector128.WidenUpper(even) | (Vector128.WidenUpper(odd) << 8)).AsByte();

    /// <summary>Exponent and mantissa go where those of a bfloat16 are, whose exponents are 120 more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<ushort> Widen(Vector128<byte> codes)
    {
        Vector256<ushort> wide = Vector256.WidenLower(codes.ToVector256Unsafe());
        Vector256<ushort> magnitude = wide & Vector256.Create((ushort)0x7F);
        Vector256<ushort> sign = (wide & Vector256.Create((ushort)0x80)) << 8;
        Vector256<ushort> value = ((magnitude << 4) + Vector256.Create((ushort)(120 << 7))) | sign;

        // Subnormal numbers and zeros have less than 8, NaN has 127.
        return Vector256.GreaterThanAny(magnitude - Vector256.Create((ushort)8), Vector256.Create((ushort)(0x7E - 8))) ? WidenAny(magnitude) | sign : value;
    }

    /// <summary>Of all codes: as a float with their exponents, they are 2^120 too small; the rest of the product is zero.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static Vector256<ushort> WidenAny(Vector256<ushort> magnitude)
    {
        (Vector256<uint> lower, Vector256<uint> upper) = Vector256.Widen(magnitude);
        Vector256<float> scale = Vector256.Create(1.329227995784916e36f);
        lower = ((lower << 20).AsSingle() * scale).AsUInt32() >> 16;
        upper = ((upper << 20).AsSingle() * scale).AsUInt32() >> 16;
        return Vector256.Narrow(lower, upper) | (Vector256.Equals(magnitude, Vector256.Create((ushort)0x7F)) & Vector256.Create((ushort)0x7FC0));
    }
}
