using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Octet.Numerics;

/// <summary>16 byte lanes: SSSE3 and up, and Arm's AdvSimd.</summary>
readonly struct ByteLanes128 : IByteLanes<Vector128<byte>>
{
    internal static bool IsSupported => Ssse3.IsSupported || AdvSimd.Arm64.IsSupported;

    public static int Count => Vector128<byte>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Create(byte value) => Vector128.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> LoadForWords(ref readonly byte source) => Vector128.LoadUnsafe(in source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> LoadForSingles(ref readonly byte source) => Vector128.LoadUnsafe(in source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreWords(Vector128<byte> low, Vector128<byte> high, ref ushort destination, bool nonTemporal)
    {
        Store(Low(low, high), ref Unsafe.As<ushort, byte>(ref destination), nonTemporal);
        Store(High(low, high), ref Unsafe.As<ushort, byte>(ref Unsafe.Add(ref destination, 8)), nonTemporal);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreSingles(Vector128<byte> low, Vector128<byte> high, ref float destination, bool nonTemporal)
    {
        ref byte to = ref Unsafe.As<float, byte>(ref destination);
        Vector128<ushort> zero = Vector128<ushort>.Zero;
        Vector128<ushort> first = Low(low, high).AsUInt16();
        Store(Low(zero, first).AsByte(), ref to, nonTemporal);
        Store(High(zero, first).AsByte(), ref Unsafe.Add(ref to, 16), nonTemporal);
        Vector128<ushort> second = High(low, high).AsUInt16();
        Store(Low(zero, second).AsByte(), ref Unsafe.Add(ref to, 32), nonTemporal);
        Store(High(zero, second).AsByte(), ref Unsafe.Add(ref to, 48), nonTemporal);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> And(Vector128<byte> left, Vector128<byte> right) => left & right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Or(Vector128<byte> left, Vector128<byte> right) => left | right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Add(Vector128<byte> left, Vector128<byte> right) => left + right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> ShiftLeft(Vector128<byte> value, int count) => (value.AsUInt16() << count).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> ShiftRight(Vector128<byte> value, int count) => (value.AsUInt16() >>> count).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> GreaterThan(Vector128<byte> left, Vector128<byte> right) => Vector128.GreaterThan(left.AsSByte(), right.AsSByte()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Equals(Vector128<byte> left, Vector128<byte> right) => Vector128.Equals(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Select(Vector128<byte> mask, Vector128<byte> whenSet, Vector128<byte> whenClear) => Vector128.ConditionalSelect(mask, whenSet, whenClear);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Look(Vector128<byte> table, Vector128<byte> indices) =>
        Ssse3.IsSupported ? Ssse3.Shuffle(table, indices) : Vector128.Shuffle(table, indices & Vector128.Create((byte)15));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<byte> Low(Vector128<byte> left, Vector128<byte> right) =>
        Sse2.IsSupported ? Sse2.UnpackLow(left, right) : AdvSimd.Arm64.ZipLow(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<byte> High(Vector128<byte> left, Vector128<byte> right) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(left, right) : AdvSimd.Arm64.ZipHigh(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<ushort> Low(Vector128<ushort> left, Vector128<ushort> right) =>
        Sse2.IsSupported ? Sse2.UnpackLow(left, right) : AdvSimd.Arm64.ZipLow(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<ushort> High(Vector128<ushort> left, Vector128<ushort> right) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(left, right) : AdvSimd.Arm64.ZipHigh(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static unsafe void Store(Vector128<byte> value, ref byte destination, bool nonTemporal)
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
