using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Octet.Backends.Cpu;

/// <summary>128-bit vectors: SSSE3 and up, or Arm AdvSimd.</summary>
readonly unsafe struct Simd128 : ISimd<Vector128<float>>
{
    public static int Count => 4;

    public static Vector128<float> Zero => Vector128<float>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Broadcast(float value) => Vector128.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Load(float* source) => Vector128.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, Vector128<float> value) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Add(Vector128<float> a, Vector128<float> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Multiply(Vector128<float> a, Vector128<float> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Divide(Vector128<float> a, Vector128<float> b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> MultiplyAdd(Vector128<float> a, Vector128<float> b, Vector128<float> c) => Vector128.MultiplyAddEstimate(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Max(Vector128<float> a, Vector128<float> b) => Vector128.Max(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Clamp(Vector128<float> value, Vector128<float> low, Vector128<float> high) => Vector128.MinNative(high, Vector128.MaxNative(low, value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> FromExponent(Vector128<float> bits) => (bits.AsUInt32() << 23).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector128<float> value) => Vector128.Sum(value);

    // A code is s eeee mmm. As bfloat16 the magnitude of a normal code is (code << 4) + (120 << 7): its high byte is (code >> 4) + 0x3C,
    // its low byte the code's low four bits in the upper half. What the eight subnormals (0 to 7 times 2^-9) differ from that comes from
    // two tables that are zero for every other code. The NaN code fills the exponent. High and low bytes are then interleaved to bfloat16,
    // and those with zeros to float32. Unpacking works within 128 bits and gives bytes 0 to 3, 4 to 7, ...: with the 4 x 4 bytes of each
    // 128 bits transposed first, lane i of the four results comes from the bytes of 32-bit lane i.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WidenE4M3(byte* source, out Vector128<float> a, out Vector128<float> b, out Vector128<float> c, out Vector128<float> d)
    {
        Vector128<byte> codes = TransposeBytes(Vector128.Load(source));
        Vector128<byte> magnitude = codes & Vector128.Create((byte)0x7F);
        Vector128<byte> high = ((magnitude.AsUInt16() >>> 4).AsByte() & Vector128.Create((byte)0x0F)) + Vector128.Create((byte)0x3C) + Lookup(SubnormalHigh, magnitude);
        Vector128<byte> low = ((magnitude.AsUInt16() << 4).AsByte() & Vector128.Create((byte)0xF0)) + Lookup(SubnormalLow, magnitude);
        high |= Vector128.Equals(magnitude, Vector128.Create((byte)0x7F)) | (codes & Vector128.Create((byte)0x80));
        Interleave(low, high, out Vector128<ushort> first, out Vector128<ushort> second);
        WidenUpper(first, out a, out b);
        WidenUpper(second, out c, out d);
    }

    // As E4M3, with a code s eeeee mm: as bfloat16 a normal magnitude is (code << 5) + (112 << 7), and the subnormals are 0 to 3 times
    // 2^-16. Infinity and NaN, from 0x7C on, fill the exponent; the mantissa is theirs.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WidenE5M2(byte* source, out Vector128<float> a, out Vector128<float> b, out Vector128<float> c, out Vector128<float> d)
    {
        Vector128<byte> codes = TransposeBytes(Vector128.Load(source));
        Vector128<byte> magnitude = codes & Vector128.Create((byte)0x7F);
        Vector128<byte> high = ((magnitude.AsUInt16() >>> 3).AsByte() & Vector128.Create((byte)0x0F)) + Vector128.Create((byte)0x38) + Lookup(E5M2SubnormalHigh, magnitude);
        Vector128<byte> low = ((magnitude.AsUInt16() << 5).AsByte() & Vector128.Create((byte)0xE0)) + Lookup(E5M2SubnormalLow, magnitude);
        Vector128<byte> special = Vector128.GreaterThan(magnitude.AsSByte(), Vector128.Create((sbyte)0x7B)).AsByte();
        high |= (special & Vector128.Create((byte)0x7F)) | (codes & Vector128.Create((byte)0x80));
        Interleave(low, high, out Vector128<ushort> first, out Vector128<ushort> second);
        WidenUpper(first, out a, out b);
        WidenUpper(second, out c, out d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> WidenBFloat16(ushort* source) => (Vector128.WidenLower(Vector128.CreateScalar(*(ulong*)source).AsUInt16()) << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WidenBFloat16Pairs(byte* source, out Vector128<float> even, out Vector128<float> odd)
    {
        Vector128<uint> pairs = Vector128.Load((uint*)source);
        even = (pairs << 16).AsSingle();
        odd = (pairs & Vector128.Create(0xFFFF0000u)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WidenHalfPairs(byte* source, out Vector128<float> even, out Vector128<float> odd)
    {
        Vector128<uint> pairs = Vector128.Load((uint*)source);
        even = FromUpperHalf(pairs << 16);
        odd = FromUpperHalf(pairs & Vector128.Create(0xFFFF0000u));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void NarrowBFloat16(Vector128<float> value, ushort* destination)
    {
        Vector128<uint> bits = value.AsUInt32();
        Vector128<uint> rounded = bits + Vector128.Create(0x7FFFu) + ((bits >>> 16) & Vector128.Create(1u));
        Vector128<uint> isNaN = ~Vector128.Equals(value, value).AsUInt32();
        rounded = Vector128.ConditionalSelect(isNaN, bits | Vector128.Create(0x00400000u), rounded) >>> 16;
        *(ulong*)destination = Vector128.Narrow(rounded, rounded).AsUInt64().ToScalar();
    }

    // A half in the upper 16 bits of each lane. Normals: shift the magnitude down by 3 and move the exponent from bias 15 to 127.
    // Subnormals: the same bits under the exponent of 2^-14, less 2^-14, so that no float32 subnormal (slow) is ever made.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<float> FromUpperHalf(Vector128<uint> bits)
    {
        Vector128<uint> sign = bits & Vector128.Create(0x80000000u);
        Vector128<uint> magnitude = (bits & Vector128.Create(0x7FFF0000u)) >>> 3;
        Vector128<uint> normal = magnitude + Vector128.Create(112u << 23);
        Vector128<uint> special = Vector128.GreaterThanOrEqual(magnitude.AsInt32(), Vector128.Create(0x1F << 23)).AsUInt32();
        normal |= special & Vector128.Create(0x7F800000u);
        Vector128<uint> tiny = Vector128.LessThan(magnitude.AsInt32(), Vector128.Create(1 << 23)).AsUInt32();
        Vector128<uint> subnormal = ((magnitude + Vector128.Create(113u << 23)).AsSingle() - Vector128.Create(113u << 23).AsSingle()).AsUInt32();
        return (Vector128.ConditionalSelect(tiny, subnormal, normal) | sign).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<byte> TransposeBytes(Vector128<byte> bytes)
    {
        Vector128<byte> order = Vector128.Create((byte)0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
        return Ssse3.IsSupported ? Ssse3.Shuffle(bytes, order) : Vector128.Shuffle(bytes, order);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Deinterleave(Vector128<float> a, Vector128<float> b, out Vector128<float> even, out Vector128<float> odd)
    {
        Vector128<float> x = Vector128.Shuffle(a, Vector128.Create(0, 2, 1, 3));
        Vector128<float> y = Vector128.Shuffle(b, Vector128.Create(0, 2, 1, 3));
        even = Vector128.Create(x.GetLower(), y.GetLower());
        odd = Vector128.Create(x.GetUpper(), y.GetUpper());
    }

    public static void Transpose(byte* source, nint stride, float* destination)
    {
        for (int row = 0; row < 4; row++)
        {
            for (int column = 0; column < 4; column++)
            {
                destination[column * 4 + row] = ((float*)(source + row * stride))[column];
            }
        }
    }

    // 0 to 7 times 2^-9 as bfloat16 are 0, 0x3B00, 0x3B80, 0x3BC0, 0x3C00, 0x3C20, 0x3C40, 0x3C60; less what the normal rule makes of
    // their codes, byte by byte: 0x3C00 + (code << 4).
    static Vector128<byte> SubnormalHigh
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.Create((byte)0xC4, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    }

    static Vector128<byte> SubnormalLow
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.Create((byte)0, 0xF0, 0x60, 0x90, 0xC0, 0xD0, 0xE0, 0xF0, 0, 0, 0, 0, 0, 0, 0, 0);
    }

    // 0 to 3 times 2^-16 as bfloat16 are 0, 0x3780, 0x3800, 0x3840; less 0x3800 + (code << 5), byte by byte.
    static Vector128<byte> E5M2SubnormalHigh
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.Create((byte)0xC8, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    }

    static Vector128<byte> E5M2SubnormalLow
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.Create((byte)0, 0x60, 0xC0, 0xE0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    }

    // Entry i of the table, zero from 16 on. pshufb takes the low four bits of an index, or gives zero when its top bit is set: with 0x70
    // added every index from 16 on has that bit.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<byte> Lookup(Vector128<byte> table, Vector128<byte> magnitude)
        => Ssse3.IsSupported ? Ssse3.Shuffle(table, magnitude + Vector128.Create((byte)0x70)) : Vector128.Shuffle(table, magnitude);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Interleave(Vector128<byte> low, Vector128<byte> high, out Vector128<ushort> first, out Vector128<ushort> second)
    {
        if (Sse2.IsSupported)
        {
            first = Sse2.UnpackLow(low, high).AsUInt16();
            second = Sse2.UnpackHigh(low, high).AsUInt16();
        }
        else
        {
            first = Vector128.WidenLower(low) | (Vector128.WidenLower(high) << 8);
            second = Vector128.WidenUpper(low) | (Vector128.WidenUpper(high) << 8);
        }
    }

    // Each 16-bit lane becomes the upper half of a 32-bit lane.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void WidenUpper(Vector128<ushort> source, out Vector128<float> first, out Vector128<float> second)
    {
        first = (Vector128.WidenLower(source) << 16).AsSingle();
        second = (Vector128.WidenUpper(source) << 16).AsSingle();
    }

    // The sixteen values as bfloat16, byte by byte: 0, 0.5, 1, 1.5, 2, 3, 4, 6 and their negatives.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WidenE2M1(byte* source, bool upper, out Vector128<float> a, out Vector128<float> b, out Vector128<float> c, out Vector128<float> d)
    {
        Vector128<byte> pairs = Vector128.Load(source);
        Vector128<byte> codes = (upper ? (pairs.AsUInt16() >>> 4).AsByte() : pairs) & Vector128.Create((byte)0x0F);
        Interleave(LookUpNibbles(E2M1Low, codes), LookUpNibbles(E2M1High, codes), out Vector128<ushort> first, out Vector128<ushort> second);
        a = (first.AsUInt32() << 16).AsSingle();
        b = (first.AsUInt32() & Vector128.Create(0xFFFF0000u)).AsSingle();
        c = (second.AsUInt32() << 16).AsSingle();
        d = (second.AsUInt32() & Vector128.Create(0xFFFF0000u)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LookUpBlocks(float* table, byte* codes) => Vector128.Create(table[*codes]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LookUpLanes(float* table, byte* codes, nint step)
        => Vector128.Create(table[*codes]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> LookUpNibbles(Vector128<byte> table, Vector128<byte> nibbles)
        => Ssse3.IsSupported ? Ssse3.Shuffle(table, nibbles) : Vector128.Shuffle(table, nibbles);

    static Vector128<byte> E2M1Low
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.Create((byte)0, 0, 0x80, 0xC0, 0, 0x40, 0x80, 0xC0, 0, 0, 0x80, 0xC0, 0, 0x40, 0x80, 0xC0);
    }

    static Vector128<byte> E2M1High
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.Create((byte)0, 0x3F, 0x3F, 0x3F, 0x40, 0x40, 0x40, 0x40, 0x80, 0xBF, 0xBF, 0xBF, 0xC0, 0xC0, 0xC0, 0xC0);
    }
}
