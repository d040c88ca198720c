using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>
/// 16 rows of 16 32-bit lanes as columns, in two steps of four times four vectors: rows i, i + 4, i + 8 and i + 12 exchange quarters, then four
/// neighbours that came of it exchange lanes.
/// </summary>
static unsafe class SquareTranspose
{
    internal const int Size = 16;

    /// <summary>In place, in 16 vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Transpose(Vector512<uint>* rows)
    {
        if (!Avx512F.IsSupported)
        {
            TransposeBySelection(rows);
            return;
        }

        Vector512<uint>* quarters = stackalloc Vector512<uint>[Size];
        for (int i = 0; i < 4; i++)
        {
            ExchangeQuarters(rows[i], rows[i + 4], rows[i + 8], rows[i + 12], quarters + i);
        }

        for (int i = 0; i < Size; i += 4)
        {
            ExchangeLanes(quarters + i, out rows[i], out rows[i + 1], out rows[i + 2], out rows[i + 3]);
        }
    }

    /// <summary>The first step for rows i, i + 4, i + 8 and i + 12: to[0], to[4], to[8] and to[12], where <paramref name="to"/> is vector i of 16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void ExchangeQuarters(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, Vector512<uint> d, Vector512<uint>* to)
    {
        Vector512<uint> lowerFirst = Avx512F.Shuffle4x128(a, b, 0x44);
        Vector512<uint> lowerSecond = Avx512F.Shuffle4x128(c, d, 0x44);
        Vector512<uint> upperFirst = Avx512F.Shuffle4x128(a, b, 0xEE);
        Vector512<uint> upperSecond = Avx512F.Shuffle4x128(c, d, 0xEE);
        to[0] = Avx512F.Shuffle4x128(lowerFirst, lowerSecond, 0x88);
        to[4] = Avx512F.Shuffle4x128(lowerFirst, lowerSecond, 0xDD);
        to[8] = Avx512F.Shuffle4x128(upperFirst, upperSecond, 0x88);
        to[12] = Avx512F.Shuffle4x128(upperFirst, upperSecond, 0xDD);
    }

    /// <summary>The second step for vectors i to i + 3, i a multiple of 4: columns i to i + 3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void ExchangeLanes(Vector512<uint>* from, out Vector512<uint> a, out Vector512<uint> b, out Vector512<uint> c, out Vector512<uint> d)
    {
        Vector512<ulong> lowerFirst = Avx512F.UnpackLow(from[0], from[1]).AsUInt64();
        Vector512<ulong> upperFirst = Avx512F.UnpackHigh(from[0], from[1]).AsUInt64();
        Vector512<ulong> lowerSecond = Avx512F.UnpackLow(from[2], from[3]).AsUInt64();
        Vector512<ulong> upperSecond = Avx512F.UnpackHigh(from[2], from[3]).AsUInt64();
        a = Avx512F.UnpackLow(lowerFirst, lowerSecond).AsUInt32();
        b = Avx512F.UnpackHigh(lowerFirst, lowerSecond).AsUInt32();
        c = Avx512F.UnpackLow(upperFirst, upperSecond).AsUInt32();
        d = Avx512F.UnpackHigh(upperFirst, upperSecond).AsUInt32();
    }

    /// <summary>
    /// Without AVX-512, for tests: blocks of 8 x 8 change places across the diagonal, then those of 4 x 4 within each block, of 2 x 2 and of 1: each time
    /// lanes l and l ^ size of two rows.
    /// </summary>
    static void TransposeBySelection(Vector512<uint>* rows)
    {
        Vector512<uint> keep8 = Vector512.Create(~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, 0, 0, 0, 0, 0, 0, 0, 0);
        Vector512<uint> keep4 = Vector512.Create(~0u, ~0u, ~0u, ~0u, 0, 0, 0, 0, ~0u, ~0u, ~0u, ~0u, 0, 0, 0, 0);
        Vector512<uint> keep2 = Vector512.Create(~0u, ~0u, 0, 0, ~0u, ~0u, 0, 0, ~0u, ~0u, 0, 0, ~0u, ~0u, 0, 0);
        Vector512<uint> keep1 = Vector512.Create(~0u, 0, ~0u, 0, ~0u, 0, ~0u, 0, ~0u, 0, ~0u, 0, ~0u, 0, ~0u, 0);
        for (int i = 0; i < 8; i++)
        {
            Vector512<uint> a = rows[i];
            Vector512<uint> b = rows[i + 8];
            rows[i] = Vector512.ConditionalSelect(keep8, a, Swap8(b));
            rows[i + 8] = Vector512.ConditionalSelect(keep8, Swap8(a), b);
        }

        for (int i = 0; i < 8; i++)
        {
            Vector512<uint>* at = rows + i / 4 * 8 + i % 4;
            Vector512<uint> a = at[0];
            Vector512<uint> b = at[4];
            at[0] = Vector512.ConditionalSelect(keep4, a, Swap4(b));
            at[4] = Vector512.ConditionalSelect(keep4, Swap4(a), b);
        }

        for (int i = 0; i < 8; i++)
        {
            Vector512<uint>* at = rows + i / 2 * 4 + i % 2;
            Vector512<uint> a = at[0];
            Vector512<uint> b = at[2];
            at[0] = Vector512.ConditionalSelect(keep2, a, Swap2(b));
            at[2] = Vector512.ConditionalSelect(keep2, Swap2(a), b);
        }

        for (int i = 0; i < 16; i += 2)
        {
            Vector512<uint> a = rows[i];
            Vector512<uint> b = rows[i + 1];
            rows[i] = Vector512.ConditionalSelect(keep1, a, Swap1(b));
            rows[i + 1] = Vector512.ConditionalSelect(keep1, Swap1(a), b);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<uint> Swap8(Vector512<uint> v) => Vector512.Shuffle(v, Vector512.Create(8u, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<uint> Swap4(Vector512<uint> v) => Vector512.Shuffle(v, Vector512.Create(4u, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<uint> Swap2(Vector512<uint> v) => Vector512.Shuffle(v, Vector512.Create(2u, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<uint> Swap1(Vector512<uint> v) => Vector512.Shuffle(v, Vector512.Create(1u, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14));

    /// <summary>Four rows of four floats, <paramref name="step"/> floats apart, as columns: the first floats, the second, the third and the fourth.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Four(float* rows, nint step, float* first, float* second, float* third, float* fourth)
    {
        Vector128<float> a = Vector128.Load(rows), b = Vector128.Load(rows + step), c = Vector128.Load(rows + 2 * step), d = Vector128.Load(rows + 3 * step);
        if (Sse.IsSupported)
        {
            Vector128<float> low = Sse.UnpackLow(a, b), other = Sse.UnpackLow(c, d);
            Vector128<float> high = Sse.UnpackHigh(a, b), last = Sse.UnpackHigh(c, d);
            Sse.MoveLowToHigh(low, other).Store(first);
            Sse.MoveHighToLow(other, low).Store(second);
            Sse.MoveLowToHigh(high, last).Store(third);
            Sse.MoveHighToLow(last, high).Store(fourth);
            return;
        }

        Vector128.Create(a[0], b[0], c[0], d[0]).Store(first);
        Vector128.Create(a[1], b[1], c[1], d[1]).Store(second);
        Vector128.Create(a[2], b[2], c[2], d[2]).Store(third);
        Vector128.Create(a[3], b[3], c[3], d[3]).Store(fourth);
    }
}
