using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Octet.Numerics;

namespace Octet.Backends.Cpu;

/// <summary>
/// E4M3 with AVX-512 VBMI: two look-ups in tables of all 128 magnitudes give the two bytes of a bfloat16, NaN and subnormals included.
/// Half of the operations that widening by arithmetic takes.
/// </summary>
readonly unsafe struct VbmiE4M3Weights : IWeightFormat<Vector512<float>>
{
    // [high, low][magnitude], 64-byte aligned.
    static readonly byte* s_tables = Tables();

    public static int ElementBytes => 1;

    public static float HalfUnit => 1;

    public static bool KeepsNaN => true;

    internal static bool IsSupported => Avx512Vbmi.IsSupported && Avx512BW.IsSupported;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* source, out Vector512<float> a, out Vector512<float> b, out Vector512<float> c, out Vector512<float> d)
    {
        byte* tables = s_tables;
        Vector512<byte> codes = Simd512.TransposeBytes(Vector512.Load(source));
        Vector512<byte> high = Lookup(tables, codes) | (codes & Vector512.Create((byte)0x80));
        Simd512.InterleaveUpper(Lookup(tables + 128, codes), high, out a, out b, out c, out d);
    }

    /// <summary>
    /// destination = source in bfloat16, in its order: <paramref name="rows"/> rows of <paramref name="count"/> codes, a multiple of 64. What lies
    /// <paramref name="ahead"/> bytes further is asked for, unless that is 0. With <paramref name="powers"/>, <paramref name="powerStride"/> bytes from one row's to the next's,
    /// numbers are multiplied as <see cref="ScaledE4M3"/> does it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void ToBFloat16(byte* source, int rows, nint sourceStride, int count, nint ahead, ushort* destination, nint stride, byte* powers = null, nint powerStride = 0)
    {
        byte* tables = s_tables;

        // Bytes are interleaved within 128 bits: of each, the first eight shall be of the first half, the others of the second. Lines of the cache are
        // loaded whole, and codes picked from two, as loads across two take longer.
        Vector512<byte> order = Vector512.Shuffle(Vector512<byte>.Indices.AsInt64(), Vector512.Create(0L, 4, 1, 5, 2, 6, 3, 7)).AsByte();
        for (int row = 0; row < rows; row++, source += sourceStride, destination += stride, powers += powerStride)
        {
            nint into = (nint)source % Vector512<byte>.Count;
            byte* line = source - into;
            byte* next = into == 0 ? line : line + Vector512<byte>.Count;
            Vector512<byte> places = order + Vector512.Create((byte)into);
            for (nint i = 0; i < count; i += Vector512<byte>.Count)
            {
                if (ahead != 0)
                {
                    Sse.Prefetch1(source + i + ahead);
                }

                Vector512<byte> codes = Avx512Vbmi.PermuteVar64x8x2(Vector512.LoadAligned(line + i), places, Vector512.LoadAligned(next + i));
                Vector512<byte> high = Lookup(tables, codes) | (codes & Vector512.Create((byte)0x80));
                Vector512<byte> low = Lookup(tables + 128, codes);
                Simd512.Interleave(low, high, out Vector512<ushort> first, out Vector512<ushort> second);
                if (powers != null)
                {
                    first = ScaledE4M3.Multiply(first, powers[i / ScaledE4M3.BlockColumns]);
                    second = ScaledE4M3.Multiply(second, powers[i / ScaledE4M3.BlockColumns + 1]);
                }

                first.Store(destination + i);
                second.Store(destination + i + Vector512<ushort>.Count);
            }
        }
    }

    // The low seven bits of each index choose; the software form is for tests on other machines.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<byte> Lookup(byte* table, Vector512<byte> codes)
    {
        if (Avx512Vbmi.IsSupported)
        {
            return Avx512Vbmi.PermuteVar64x8x2(Vector512.LoadAligned(table), codes, Vector512.LoadAligned(table + 64));
        }

        byte* found = stackalloc byte[64];
        for (int i = 0; i < 64; i++)
        {
            found[i] = table[codes[i] & 0x7F];
        }

        return Vector512.Load(found);
    }

    /// <summary>256 bytes: [high, low][magnitude].</summary>
    internal static void WriteTables(Span<byte> tables)
    {
        for (int magnitude = 0; magnitude < 128; magnitude++)
        {
            byte code = (byte)magnitude;
            uint bits = BitConverter.SingleToUInt32Bits((float)*(Float8E4M3FN*)&code);
            tables[magnitude] = (byte)(bits >> 24);
            tables[128 + magnitude] = (byte)(bits >> 16);
        }
    }

    static byte* Tables()
    {
        // Lives as long as the process.
        byte* tables = (byte*)NativeMemory.AlignedAlloc(256, 64);
        WriteTables(new Span<byte>(tables, 256));
        return tables;
    }
}
