using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Octet.Numerics;

/// <summary>32 byte lanes of AVX2, whose unpacking stays within each half: codes are put in order before, once, instead of results after.</summary>
readonly struct ByteLanes256 : IByteLanes<Vector256<byte>>
{
    public static int Count => Vector256<byte>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Create(byte value) => Vector256.Create(value);

    // Quarters 0 2 1 3: the lower words of both halves are then the first sixteen codes.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> LoadForWords(ref readonly byte source) =>
        Avx2.Permute4x64(Vector256.LoadUnsafe(in source).AsUInt64(), 0b11_01_10_00).AsByte();

    // Eighths 0 2 4 6 1 3 5 7: unpacked twice, each vector of singles holds four codes of either half, one after the other.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> LoadForSingles(ref readonly byte source) =>
        Avx2.PermuteVar8x32(Vector256.LoadUnsafe(in source).AsUInt32(), Vector256.Create(0u, 2, 4, 6, 1, 3, 5, 7)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreWords(Vector256<byte> low, Vector256<byte> high, ref ushort destination, bool nonTemporal)
    {
        Store(Avx2.UnpackLow(low, high), ref Unsafe.As<ushort, byte>(ref destination), nonTemporal);
        Store(Avx2.UnpackHigh(low, high), ref Unsafe.As<ushort, byte>(ref Unsafe.Add(ref destination, 16)), nonTemporal);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreSingles(Vector256<byte> low, Vector256<byte> high, ref float destination, bool nonTemporal)
    {
        ref byte to = ref Unsafe.As<float, byte>(ref destination);
        Vector256<ushort> zero = Vector256<ushort>.Zero;
        Vector256<ushort> first = Avx2.UnpackLow(low, high).AsUInt16();
        Store(Avx2.UnpackLow(zero, first).AsByte(), ref to, nonTemporal);
        Store(Avx2.UnpackHigh(zero, first).AsByte(), ref Unsafe.Add(ref to, 32), nonTemporal);
        Vector256<ushort> second = Avx2.UnpackHigh(low, high).AsUInt16();
        Store(Avx2.UnpackLow(zero, second).AsByte(), ref Unsafe.Add(ref to, 64), nonTemporal);
        Store(Avx2.UnpackHigh(zero, second).AsByte(), ref Unsafe.Add(ref to, 96), nonTemporal);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> And(Vector256<byte> left, Vector256<byte> right) => left & right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Or(Vector256<byte> left, Vector256<byte> right) => left | right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Add(Vector256<byte> left, Vector256<byte> right) => left + right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> ShiftLeft(Vector256<byte> value, int count) => (value.AsUInt16() << count).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> ShiftRight(Vector256<byte> value, int count) => (value.AsUInt16() >>> count).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> GreaterThan(Vector256<byte> left, Vector256<byte> right) => Vector256.GreaterThan(left.AsSByte(), right.AsSByte()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Equals(Vector256<byte> left, Vector256<byte> right) => Vector256.Equals(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Select(Vector256<byte> mask, Vector256<byte> whenSet, Vector256<byte> whenClear) => Avx2.BlendVariable(whenClear, whenSet, mask);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Look(Vector128<byte> table, Vector256<byte> indices) => Avx2.Shuffle(Vector256.Create(table, table), indices);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static unsafe void Store(Vector256<byte> value, ref byte destination, bool nonTemporal)
    {
        if (nonTemporal)
        {
            value.StoreAlignedNonTemporal((byte*)Unsafe.AsPointer(ref destination));
        }
        else
        {
            value.StoreUnsafe(ref destination);
        }
    }
}
