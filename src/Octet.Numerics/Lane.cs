namespace Octet.Numerics;

/// <summary>One lane: scalars and the ends of spans.</summary>
readonly struct Lane : ILanes<uint>
{
    public static int Count => 1;

    public static uint Create(uint value) => value;

    public static uint Load(ref readonly byte source) => source;

    public static uint Load(ref readonly ushort source) => source;

    public static uint Load(ref readonly float source) => BitConverter.SingleToUInt32Bits(source);

    public static void Store(uint lanes, ref byte destination) => destination = (byte)lanes;

    public static void Store(uint lanes, ref ushort destination) => destination = (ushort)lanes;

    public static void Store(uint lanes, ref float destination) => destination = BitConverter.UInt32BitsToSingle(lanes);

    public static uint And(uint left, uint right) => left & right;

    public static uint Or(uint left, uint right) => left | right;

    public static uint Add(uint left, uint right) => left + right;

    public static uint Subtract(uint left, uint right) => left - right;

    public static uint ShiftLeft(uint value, int count) => value << count;

    public static uint ShiftRight(uint value, int count) => value >>> count;

    public static uint GreaterThan(uint left, uint right) => (int)left > (int)right ? uint.MaxValue : 0;

    public static uint Equals(uint left, uint right) => left == right ? uint.MaxValue : 0;

    public static uint Select(uint mask, uint whenSet, uint whenClear) => mask != 0 ? whenSet : whenClear;

    public static uint AddSingles(uint left, uint right) => Bits(Single(left) + Single(right));

    public static uint SubtractSingles(uint left, uint right) => Bits(Single(left) - Single(right));

    public static uint MultiplySingles(uint left, uint right) => Bits(Single(left) * Single(right));

    static float Single(uint bits) => BitConverter.UInt32BitsToSingle(bits);

    static uint Bits(float value) => BitConverter.SingleToUInt32Bits(value);
}
