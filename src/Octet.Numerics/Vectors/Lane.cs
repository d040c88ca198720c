using System.Runtime.CompilerServices;

namespace Octet.Numerics;

/// <summary>One lane: scalars and the ends of spans.</summary>
readonly struct Lane : ILanes<uint>
{
    public static int Count => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Create(uint value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Load(ref readonly byte source) => source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Load(ref readonly ushort source) => source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Load(ref readonly float source) => BitConverter.SingleToUInt32Bits(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(uint lanes, ref byte destination) => destination = (byte)lanes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(uint first, uint second, uint third, uint fourth, ref byte destination) =>
        Unsafe.WriteUnaligned(ref destination, BitConverter.IsLittleEndian
            ? first | (second << 8) | (third << 16) | (fourth << 24)
            : fourth | (third << 8) | (second << 16) | (first << 24));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(uint lanes, ref ushort destination) => destination = (ushort)lanes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(uint lanes, ref float destination) => destination = BitConverter.UInt32BitsToSingle(lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint And(uint left, uint right) => left & right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Or(uint left, uint right) => left | right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Add(uint left, uint right) => left + right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Subtract(uint left, uint right) => left - right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint ShiftLeft(uint value, int count) => value << count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint ShiftRight(uint value, int count) => value >>> count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint GreaterThan(uint left, uint right) => (int)left > (int)right ? uint.MaxValue : 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Equals(uint left, uint right) => left == right ? uint.MaxValue : 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Min(uint left, uint right) => (uint)Math.Min((int)left, (int)right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Max(uint left, uint right) => (uint)Math.Max((int)left, (int)right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Select(uint mask, uint whenSet, uint whenClear) => mask != 0 ? whenSet : whenClear;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint AddSingles(uint left, uint right) => Bits(Single(left) + Single(right));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint SubtractSingles(uint left, uint right) => Bits(Single(left) - Single(right));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint MultiplySingles(uint left, uint right) => Bits(Single(left) * Single(right));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static float Single(uint bits) => BitConverter.UInt32BitsToSingle(bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint Bits(float value) => BitConverter.SingleToUInt32Bits(value);
}
