using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Octet.Backends.Cpu;

/// <summary>512-bit vectors: AVX-512 F and BW. Without them .NET computes the same with narrower ones, slowly: what the tests rely on elsewhere.</summary>
readonly unsafe struct Simd512 : ISimd<Vector512<float>>
{
    public static int Count => 16;

    public static Vector512<float> Zero => Vector512<float>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Broadcast(float value) => Vector512.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(float* source) => Vector512.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, Vector512<float> value) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Add(Vector512<float> a, Vector512<float> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Multiply(Vector512<float> a, Vector512<float> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Divide(Vector512<float> a, Vector512<float> b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MultiplyAdd(Vector512<float> a, Vector512<float> b, Vector512<float> c) => Vector512.MultiplyAddEstimate(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Max(Vector512<float> a, Vector512<float> b) => Vector512.Max(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Clamp(Vector512<float> value, Vector512<float> low, Vector512<float> high) => Vector512.MinNative(high, Vector512.MaxNative(low, value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> FromExponent(Vector512<float> bits) => (bits.AsUInt32() << 23).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector512<float> value) => Vector512.Sum(value);

    // A code is s eeee mmm. As bfloat16 the magnitude of a normal code is (code << 4) + (120 << 7): its high byte is (code >> 4) + 0x3C,
    // its low byte the code's low four bits in the upper half. What the eight subnormals (0 to 7 times 2^-9) differ from that comes from
    // two tables that are zero for every other code. The NaN code fills the exponent. High and low bytes are then interleaved to bfloat16,
    // and those with zeros to float32. Unpacking works within 128 bits and gives bytes 0 to 3, 4 to 7, ...: with the 4 x 4 bytes of each
    // 128 bits transposed first, lane i of the four results comes from the bytes of 32-bit lane i.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WidenE4M3(byte* source, out Vector512<float> a, out Vector512<float> b, out Vector512<float> c, out Vector512<float> d)
    {
        Vector512<byte> codes = TransposeBytes(Vector512.Load(source));
        Vector512<byte> magnitude = codes & Vector512.Create((byte)0x7F);
        Vector512<byte> high = ((magnitude.AsUInt16() >>> 4).AsByte() & Vector512.Create((byte)0x0F)) + Vector512.Create((byte)0x3C) + Lookup(SubnormalHigh, magnitude);
        Vector512<byte> low = ((magnitude.AsUInt16() << 4).AsByte() & Vector512.Create((byte)0xF0)) + Lookup(SubnormalLow, magnitude);
        high |= Vector512.Equals(magnitude, Vector512.Create((byte)0x7F)) | (codes & Vector512.Create((byte)0x80));
        InterleaveUpper(low, high, out a, out b, out c, out d);
    }

    // As E4M3, with a code s eeeee mm: as bfloat16 a normal magnitude is (code << 5) + (112 << 7), and the subnormals are 0 to 3 times
    // 2^-16. Infinity and NaN, from 0x7C on, fill the exponent; the mantissa is theirs.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WidenE5M2(byte* source, out Vector512<float> a, out Vector512<float> b, out Vector512<float> c, out Vector512<float> d)
    {
        Vector512<byte> codes = TransposeBytes(Vector512.Load(source));
        Vector512<byte> magnitude = codes & Vector512.Create((byte)0x7F);
        Vector512<byte> high = ((magnitude.AsUInt16() >>> 3).AsByte() & Vector512.Create((byte)0x0F)) + Vector512.Create((byte)0x38) + Lookup(E5M2SubnormalHigh, magnitude);
        Vector512<byte> low = ((magnitude.AsUInt16() << 5).AsByte() & Vector512.Create((byte)0xE0)) + Lookup(E5M2SubnormalLow, magnitude);
        Vector512<byte> special = Vector512.GreaterThan(magnitude.AsSByte(), Vector512.Create((sbyte)0x7B)).AsByte();
        high |= (special & Vector512.Create((byte)0x7F)) | (codes & Vector512.Create((byte)0x80));
        InterleaveUpper(low, high, out a, out b, out c, out d);
    }

    /// <summary>The upper halves of float32 from their bytes, lower halves zero; bytes 0 to 3, 4 to 7, ... of each 128 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void InterleaveUpper(Vector512<byte> low, Vector512<byte> high, out Vector512<float> a, out Vector512<float> b, out Vector512<float> c, out Vector512<float> d)
    {
        Interleave(low, high, out Vector512<ushort> first, out Vector512<ushort> second);
        WidenUpper(first, out a, out b);
        WidenUpper(second, out c, out d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> WidenBFloat16(ushort* source) => (Vector512.WidenLower(Vector256.Load(source).ToVector512Unsafe()) << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WidenBFloat16Pairs(byte* source, out Vector512<float> even, out Vector512<float> odd)
    {
        Vector512<uint> pairs = Vector512.Load((uint*)source);
        even = (pairs << 16).AsSingle();
        odd = (pairs & Vector512.Create(0xFFFF0000u)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WidenHalfPairs(byte* source, out Vector512<float> even, out Vector512<float> odd)
    {
        Vector512<uint> pairs = Vector512.Load((uint*)source);
        even = FromUpperHalf(pairs << 16);
        odd = FromUpperHalf(pairs & Vector512.Create(0xFFFF0000u));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void NarrowBFloat16(Vector512<float> value, ushort* destination)
    {
        Vector512<uint> bits = value.AsUInt32();
        Vector512<uint> rounded = bits + Vector512.Create(0x7FFFu) + ((bits >>> 16) & Vector512.Create(1u));
        Vector512<uint> isNaN = ~Vector512.Equals(value, value).AsUInt32();
        rounded = Vector512.ConditionalSelect(isNaN, bits | Vector512.Create(0x00400000u), rounded) >>> 16;
        Vector256.Narrow(rounded.GetLower(), rounded.GetUpper()).Store(destination);
    }

    // A half in the upper 16 bits of each lane. Normals: shift the magnitude down by 3 and move the exponent from bias 15 to 127.
    // Subnormals: the same bits under the exponent of 2^-14, less 2^-14, so that no float32 subnormal (slow) is ever made.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<float> FromUpperHalf(Vector512<uint> bits)
    {
        Vector512<uint> sign = bits & Vector512.Create(0x80000000u);
        Vector512<uint> magnitude = (bits & Vector512.Create(0x7FFF0000u)) >>> 3;
        Vector512<uint> normal = magnitude + Vector512.Create(112u << 23);
        Vector512<uint> special = Vector512.GreaterThanOrEqual(magnitude.AsInt32(), Vector512.Create(0x1F << 23)).AsUInt32();
        normal |= special & Vector512.Create(0x7F800000u);
        Vector512<uint> tiny = Vector512.LessThan(magnitude.AsInt32(), Vector512.Create(1 << 23)).AsUInt32();
        Vector512<uint> subnormal = ((magnitude + Vector512.Create(113u << 23)).AsSingle() - Vector512.Create(113u << 23).AsSingle()).AsUInt32();
        return (Vector512.ConditionalSelect(tiny, subnormal, normal) | sign).AsSingle();
    }

    // The tables of the 128-bit form, for each quarter.
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<byte> TransposeBytes(Vector512<byte> bytes)
    {
        Vector128<byte> order = Vector128.Create((byte)0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
        if (Avx512BW.IsSupported)
        {
            return Avx512BW.Shuffle(bytes, Vector512.Create(Vector256.Create(order, order), Vector256.Create(order, order)));
        }

        return Vector512.Create(
            Vector256.Create(Vector128.Shuffle(bytes.GetLower().GetLower(), order), Vector128.Shuffle(bytes.GetLower().GetUpper(), order)),
            Vector256.Create(Vector128.Shuffle(bytes.GetUpper().GetLower(), order), Vector128.Shuffle(bytes.GetUpper().GetUpper(), order)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Deinterleave(Vector512<float> a, Vector512<float> b, out Vector512<float> even, out Vector512<float> odd)
    {
        Vector512<int> evenFirst = Vector512.Create(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15);
        Vector512<float> x = Vector512.Shuffle(a, evenFirst);
        Vector512<float> y = Vector512.Shuffle(b, evenFirst);
        even = Vector512.Create(x.GetLower(), y.GetLower());
        odd = Vector512.Create(x.GetUpper(), y.GetUpper());
    }

    // Four 8 x 8 blocks.
    public static void Transpose(byte* source, nint stride, float* destination)
    {
        float* block = stackalloc float[64];
        for (int part = 0; part < 4; part++)
        {
            int row = part / 2 * 8;
            int column = part % 2 * 8;
            byte* from = source + row * stride + column * sizeof(float);
            if (Avx2.IsSupported)
            {
                Simd256.Transpose(from, stride, block);
            }
            else
            {
                for (int i = 0; i < 64; i++)
                {
                    block[i % 8 * 8 + i / 8] = ((float*)(from + i / 8 * stride))[i % 8];
                }
            }

            for (int i = 0; i < 8; i++)
            {
                Vector256.Load(block + i * 8).Store(destination + (column + i) * 16 + row);
            }
        }
    }

    // As in the 128-bit form: 0x70 sets the top bit of every index that is to give zero.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<byte> Lookup(Vector128<byte> table, Vector512<byte> magnitude)
    {
        if (Avx512BW.IsSupported)
        {
            return Avx512BW.Shuffle(Vector512.Create(Vector256.Create(table, table), Vector256.Create(table, table)), magnitude + Vector512.Create((byte)0x70));
        }

        return Vector512.Create(
            Vector256.Create(Vector128.Shuffle(table, magnitude.GetLower().GetLower()), Vector128.Shuffle(table, magnitude.GetLower().GetUpper())),
            Vector256.Create(Vector128.Shuffle(table, magnitude.GetUpper().GetLower()), Vector128.Shuffle(table, magnitude.GetUpper().GetUpper())));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Interleave(Vector512<byte> low, Vector512<byte> high, out Vector512<ushort> first, out Vector512<ushort> second)
    {
        if (Avx512BW.IsSupported)
        {
            first = Avx512BW.UnpackLow(low, high).AsUInt16();
            second = Avx512BW.UnpackHigh(low, high).AsUInt16();
            return;
        }

        // The same within quarters: spread the low and the high 8 bytes of each quarter, high bytes above low bytes.
        first = Spread(low, 0) | (Spread(high, 0) << 8);
        second = Spread(low, 1) | (Spread(high, 1) << 8);
    }

    static Vector512<ushort> Spread(Vector512<byte> bytes, int part)
    {
        Vector512<ulong> quads = bytes.AsUInt64();
        return Vector512.Create(
            Vector256.Create(Widen8(quads[part]), Widen8(quads[2 + part])),
            Vector256.Create(Widen8(quads[4 + part]), Widen8(quads[6 + part])));
    }

    static Vector128<ushort> Widen8(ulong bytes) => Vector128.WidenLower(Vector128.CreateScalar(bytes).AsByte());

    // Each 16-bit lane becomes the upper half of a 32-bit lane.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void WidenUpper(Vector512<ushort> source, out Vector512<float> first, out Vector512<float> second)
    {
        if (Avx512BW.IsSupported)
        {
            first = Avx512BW.UnpackLow(Vector512<ushort>.Zero, source).AsSingle();
            second = Avx512BW.UnpackHigh(Vector512<ushort>.Zero, source).AsSingle();
            return;
        }

        first = Quarters(source, 0);
        second = Quarters(source, 1);
    }

    static Vector512<float> Quarters(Vector512<ushort> source, int part)
    {
        Vector512<ulong> quads = source.AsUInt64();
        return Vector512.Create(
            Vector256.Create(Upper4(quads[part]), Upper4(quads[2 + part])),
            Vector256.Create(Upper4(quads[4 + part]), Upper4(quads[6 + part])));
    }

    static Vector128<float> Upper4(ulong lanes) => (Vector128.WidenLower(Vector128.CreateScalar(lanes).AsUInt16()) << 16).AsSingle();

    // The sixteen values as bfloat16, byte by byte: 0, 0.5, 1, 1.5, 2, 3, 4, 6 and their negatives.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WidenE2M1(byte* source, bool upper, out Vector512<float> a, out Vector512<float> b, out Vector512<float> c, out Vector512<float> d)
    {
        Vector512<byte> pairs = Vector512.Load(source);
        Vector512<byte> codes = (upper ? (pairs.AsUInt16() >>> 4).AsByte() : pairs) & Vector512.Create((byte)0x0F);
        Interleave(LookUpNibbles(E2M1Low, codes), LookUpNibbles(E2M1High, codes), out Vector512<ushort> first, out Vector512<ushort> second);
        a = (first.AsUInt32() << 16).AsSingle();
        b = (first.AsUInt32() & Vector512.Create(0xFFFF0000u)).AsSingle();
        c = (second.AsUInt32() << 16).AsSingle();
        d = (second.AsUInt32() & Vector512.Create(0xFFFF0000u)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LookUpBlocks(float* table, byte* codes) => Vector512.Create(Vector256.Create(table[*codes]), Vector256.Create(table[codes[1]]));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LookUpLanes(float* table, byte* codes, nint step)
        => Vector512.Create(
            Vector256.Create(Vector128.Create(table[*codes]), Vector128.Create(table[codes[step]])),
            Vector256.Create(Vector128.Create(table[codes[2 * step]]), Vector128.Create(table[codes[3 * step]])));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<byte> LookUpNibbles(Vector128<byte> table, Vector512<byte> nibbles)
        => Avx512BW.IsSupported ? Avx512BW.Shuffle(Vector512.Create(Vector256.Create(table, table), Vector256.Create(table, table)), nibbles) : Lookup(table, nibbles);

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
