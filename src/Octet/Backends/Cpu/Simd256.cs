using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Octet.Backends.Cpu;

/// <summary>256-bit vectors: AVX2 with FMA.</summary>
readonly unsafe struct Simd256 : ISimd<Vector256<float>>
{
    public static int Count => 8;

    public static Vector256<float> Zero => Vector256<float>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Broadcast(float value) => Vector256.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(float* source) => Vector256.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, Vector256<float> value) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Add(Vector256<float> a, Vector256<float> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Multiply(Vector256<float> a, Vector256<float> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Divide(Vector256<float> a, Vector256<float> b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> MultiplyAdd(Vector256<float> a, Vector256<float> b, Vector256<float> c) => Vector256.MultiplyAddEstimate(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Max(Vector256<float> a, Vector256<float> b) => Vector256.Max(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Clamp(Vector256<float> value, Vector256<float> low, Vector256<float> high) => Vector256.MinNative(high, Vector256.MaxNative(low, value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> FromExponent(Vector256<float> bits) => (bits.AsUInt32() << 23).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector256<float> value) => Vector256.Sum(value);

    // A code is s eeee mmm. As bfloat16 the magnitude of a normal code is (code << 4) + (120 << 7): its high byte is (code >> 4) + 0x3C,
    // its low byte the code's low four bits in the upper half. What the eight subnormals (0 to 7 times 2^-9) differ from that comes from
    // two tables that are zero for every other code. The NaN code fills the exponent. High and low bytes are then interleaved to bfloat16,
    // and those with zeros to float32. Unpacking works within 128 bits and gives bytes 0 to 3, 4 to 7, ...: with the 4 x 4 bytes of each
    // 128 bits transposed first, lane i of the four results comes from the bytes of 32-bit lane i.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WidenE4M3(byte* source, out Vector256<float> a, out Vector256<float> b, out Vector256<float> c, out Vector256<float> d)
    {
        Vector256<byte> codes = TransposeBytes(Vector256.Load(source));
        Vector256<byte> magnitude = codes & Vector256.Create((byte)0x7F);
        Vector256<byte> high = ((magnitude.AsUInt16() >>> 4).AsByte() & Vector256.Create((byte)0x0F)) + Vector256.Create((byte)0x3C) + Lookup(SubnormalHigh, magnitude);
        Vector256<byte> low = ((magnitude.AsUInt16() << 4).AsByte() & Vector256.Create((byte)0xF0)) + Lookup(SubnormalLow, magnitude);
        high |= Vector256.Equals(magnitude, Vector256.Create((byte)0x7F)) | (codes & Vector256.Create((byte)0x80));
        Interleave(low, high, out Vector256<ushort> first, out Vector256<ushort> second);
        WidenUpper(first, out a, out b);
        WidenUpper(second, out c, out d);
    }

    // As E4M3, with a code s eeeee mm: as bfloat16 a normal magnitude is (code << 5) + (112 << 7), and the subnormals are 0 to 3 times
    // 2^-16. Infinity and NaN, from 0x7C on, fill the exponent; the mantissa is theirs.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WidenE5M2(byte* source, out Vector256<float> a, out Vector256<float> b, out Vector256<float> c, out Vector256<float> d)
    {
        Vector256<byte> codes = TransposeBytes(Vector256.Load(source));
        Vector256<byte> magnitude = codes & Vector256.Create((byte)0x7F);
        Vector256<byte> high = ((magnitude.AsUInt16() >>> 3).AsByte() & Vector256.Create((byte)0x0F)) + Vector256.Create((byte)0x38) + Lookup(E5M2SubnormalHigh, magnitude);
        Vector256<byte> low = ((magnitude.AsUInt16() << 5).AsByte() & Vector256.Create((byte)0xE0)) + Lookup(E5M2SubnormalLow, magnitude);
        Vector256<byte> special = Vector256.GreaterThan(magnitude.AsSByte(), Vector256.Create((sbyte)0x7B)).AsByte();
        high |= (special & Vector256.Create((byte)0x7F)) | (codes & Vector256.Create((byte)0x80));
        Interleave(low, high, out Vector256<ushort> first, out Vector256<ushort> second);
        WidenUpper(first, out a, out b);
        WidenUpper(second, out c, out d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> WidenBFloat16(ushort* source) => (Avx2.ConvertToVector256Int32(source).AsUInt32() << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WidenBFloat16Pairs(byte* source, out Vector256<float> even, out Vector256<float> odd)
    {
        Vector256<uint> pairs = Vector256.Load((uint*)source);
        even = (pairs << 16).AsSingle();
        odd = (pairs & Vector256.Create(0xFFFF0000u)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WidenHalfPairs(byte* source, out Vector256<float> even, out Vector256<float> odd)
    {
        Vector256<uint> pairs = Vector256.Load((uint*)source);
        even = FromUpperHalf(pairs << 16);
        odd = FromUpperHalf(pairs & Vector256.Create(0xFFFF0000u));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void NarrowBFloat16(Vector256<float> value, ushort* destination)
    {
        Vector256<uint> bits = value.AsUInt32();
        Vector256<uint> rounded = bits + Vector256.Create(0x7FFFu) + ((bits >>> 16) & Vector256.Create(1u));
        Vector256<uint> isNaN = ~Vector256.Equals(value, value).AsUInt32();
        rounded = Vector256.ConditionalSelect(isNaN, bits | Vector256.Create(0x00400000u), rounded) >>> 16;
        Vector128.Narrow(rounded.GetLower(), rounded.GetUpper()).Store(destination);
    }

    // A half in the upper 16 bits of each lane. Normals: shift the magnitude down by 3 and move the exponent from bias 15 to 127.
    // Subnormals: the same bits under the exponent of 2^-14, less 2^-14, so that no float32 subnormal (slow) is ever made.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<float> FromUpperHalf(Vector256<uint> bits)
    {
        Vector256<uint> sign = bits & Vector256.Create(0x80000000u);
        Vector256<uint> magnitude = (bits & Vector256.Create(0x7FFF0000u)) >>> 3;
        Vector256<uint> normal = magnitude + Vector256.Create(112u << 23);
        Vector256<uint> special = Vector256.GreaterThanOrEqual(magnitude.AsInt32(), Vector256.Create(0x1F << 23)).AsUInt32();
        normal |= special & Vector256.Create(0x7F800000u);
        Vector256<uint> tiny = Vector256.LessThan(magnitude.AsInt32(), Vector256.Create(1 << 23)).AsUInt32();
        Vector256<uint> subnormal = ((magnitude + Vector256.Create(113u << 23)).AsSingle() - Vector256.Create(113u << 23).AsSingle()).AsUInt32();
        return (Vector256.ConditionalSelect(tiny, subnormal, normal) | sign).AsSingle();
    }

    // The tables of the 128-bit form, once in each half.
    static Vector256<byte> SubnormalHigh
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector256.Create((byte)0xC4, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xC4, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    }

    static Vector256<byte> SubnormalLow
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector256.Create((byte)0, 0xF0, 0x60, 0x90, 0xC0, 0xD0, 0xE0, 0xF0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xF0, 0x60, 0x90, 0xC0, 0xD0, 0xE0, 0xF0, 0, 0, 0, 0, 0, 0, 0, 0);
    }

    static Vector256<byte> E5M2SubnormalHigh
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector256.Create((byte)0xC8, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xC8, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    }

    static Vector256<byte> E5M2SubnormalLow
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector256.Create((byte)0, 0x60, 0xC0, 0xE0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x60, 0xC0, 0xE0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<byte> TransposeBytes(Vector256<byte> bytes)
        => Avx2.Shuffle(bytes, Vector256.Create((byte)0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Deinterleave(Vector256<float> a, Vector256<float> b, out Vector256<float> even, out Vector256<float> odd)
    {
        even = Avx2.Permute4x64(Avx.Shuffle(a, b, 0x88).AsDouble(), 0xD8).AsSingle();
        odd = Avx2.Permute4x64(Avx.Shuffle(a, b, 0xDD).AsDouble(), 0xD8).AsSingle();
    }

    // Pairs of rows, then pairs of pairs within 128-bit halves, then halves.
    public static void Transpose(byte* source, nint stride, float* destination)
    {
        Vector256<float> r0 = Vector256.Load((float*)source);
        Vector256<float> r1 = Vector256.Load((float*)(source + stride));
        Vector256<float> r2 = Vector256.Load((float*)(source + 2 * stride));
        Vector256<float> r3 = Vector256.Load((float*)(source + 3 * stride));
        byte* lower = source + 4 * stride;
        Vector256<float> r4 = Vector256.Load((float*)lower);
        Vector256<float> r5 = Vector256.Load((float*)(lower + stride));
        Vector256<float> r6 = Vector256.Load((float*)(lower + 2 * stride));
        Vector256<float> r7 = Vector256.Load((float*)(lower + 3 * stride));
        Vector256<float> a0 = Avx.UnpackLow(r0, r1);
        Vector256<float> a1 = Avx.UnpackHigh(r0, r1);
        Vector256<float> a2 = Avx.UnpackLow(r2, r3);
        Vector256<float> a3 = Avx.UnpackHigh(r2, r3);
        Vector256<float> a4 = Avx.UnpackLow(r4, r5);
        Vector256<float> a5 = Avx.UnpackHigh(r4, r5);
        Vector256<float> a6 = Avx.UnpackLow(r6, r7);
        Vector256<float> a7 = Avx.UnpackHigh(r6, r7);
        r0 = Avx.Shuffle(a0, a2, 0x44);
        r1 = Avx.Shuffle(a0, a2, 0xEE);
        r2 = Avx.Shuffle(a1, a3, 0x44);
        r3 = Avx.Shuffle(a1, a3, 0xEE);
        r4 = Avx.Shuffle(a4, a6, 0x44);
        r5 = Avx.Shuffle(a4, a6, 0xEE);
        r6 = Avx.Shuffle(a5, a7, 0x44);
        r7 = Avx.Shuffle(a5, a7, 0xEE);
        Avx.Permute2x128(r0, r4, 0x20).Store(destination);
        Avx.Permute2x128(r1, r5, 0x20).Store(destination + 8);
        Avx.Permute2x128(r2, r6, 0x20).Store(destination + 16);
        Avx.Permute2x128(r3, r7, 0x20).Store(destination + 24);
        Avx.Permute2x128(r0, r4, 0x31).Store(destination + 32);
        Avx.Permute2x128(r1, r5, 0x31).Store(destination + 40);
        Avx.Permute2x128(r2, r6, 0x31).Store(destination + 48);
        Avx.Permute2x128(r3, r7, 0x31).Store(destination + 56);
    }

    // As in the 128-bit form: 0x70 sets the top bit of every index that is to give zero.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<byte> Lookup(Vector256<byte> table, Vector256<byte> magnitude) => Avx2.Shuffle(table, magnitude + Vector256.Create((byte)0x70));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Interleave(Vector256<byte> low, Vector256<byte> high, out Vector256<ushort> first, out Vector256<ushort> second)
    {
        first = Avx2.UnpackLow(low, high).AsUInt16();
        second = Avx2.UnpackHigh(low, high).AsUInt16();
    }

    // Each 16-bit lane becomes the upper half of a 32-bit lane.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void WidenUpper(Vector256<ushort> source, out Vector256<float> first, out Vector256<float> second)
    {
        first = Avx2.UnpackLow(Vector256<ushort>.Zero, source).AsSingle();
        second = Avx2.UnpackHigh(Vector256<ushort>.Zero, source).AsSingle();
    }

    // The sixteen values as bfloat16, byte by byte: 0, 0.5, 1, 1.5, 2, 3, 4, 6 and their negatives.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WidenE2M1(byte* source, bool upper, out Vector256<float> a, out Vector256<float> b, out Vector256<float> c, out Vector256<float> d)
    {
        Vector256<byte> pairs = Vector256.Load(source);
        Vector256<byte> codes = (upper ? (pairs.AsUInt16() >>> 4).AsByte() : pairs) & Vector256.Create((byte)0x0F);
        Interleave(LookUpNibbles(E2M1Low, codes), LookUpNibbles(E2M1High, codes), out Vector256<ushort> first, out Vector256<ushort> second);
        a = (first.AsUInt32() << 16).AsSingle();
        b = (first.AsUInt32() & Vector256.Create(0xFFFF0000u)).AsSingle();
        c = (second.AsUInt32() << 16).AsSingle();
        d = (second.AsUInt32() & Vector256.Create(0xFFFF0000u)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LookUpBlocks(float* table, byte* codes) => Vector256.Create(table[*codes]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LookUpLanes(float* table, byte* codes, nint step)
        => Vector256.Create(Vector128.Create(table[*codes]), Vector128.Create(table[codes[step]]));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<byte> LookUpNibbles(Vector256<byte> table, Vector256<byte> nibbles) => Avx2.Shuffle(table, nibbles);

    static Vector256<byte> E2M1Low
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector256.Create((byte)0, 0, 0x80, 0xC0, 0, 0x40, 0x80, 0xC0, 0, 0, 0x80, 0xC0, 0, 0x40, 0x80, 0xC0, 0, 0, 0x80, 0xC0, 0, 0x40, 0x80, 0xC0, 0, 0, 0x80, 0xC0, 0, 0x40, 0x80, 0xC0);
    }

    static Vector256<byte> E2M1High
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector256.Create((byte)0, 0x3F, 0x3F, 0x3F, 0x40, 0x40, 0x40, 0x40, 0x80, 0xBF, 0xBF, 0xBF, 0xC0, 0xC0, 0xC0, 0xC0, 0, 0x3F, 0x3F, 0x3F, 0x40, 0x40, 0x40, 0x40, 0x80, 0xBF, 0xBF, 0xBF, 0xC0, 0xC0, 0xC0, 0xC0);
    }
}
