using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Octet.Numerics;

/// <summary>Eight lanes.</summary>
readonly struct Lanes256 : ILanes<Vector256<uint>>
{
    public static int Count => Vector256<uint>.Count;

    public static Vector256<uint> Create(uint value) => Vector256.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> Load(ref readonly byte source) => Vector256.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(in source)).AsByte()).ToVector256Unsafe());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> Load(ref readonly ushort source) => Vector256.WidenLower(Vector128.LoadUnsafe(in source).ToVector256Unsafe());

    public static Vector256<uint> Load(ref readonly float source) => Vector256.LoadUnsafe(in source).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<uint> lanes, ref byte destination)
    {
        Vector256<ushort> words = Vector256.Narrow(lanes, lanes);
        Unsafe.WriteUnaligned(ref destination, Vector128.Narrow(words.GetLower(), words.GetLower()).AsUInt64().ToScalar());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<uint> lanes, ref ushort destination) => Vector256.Narrow(lanes, lanes).GetLower().StoreUnsafe(ref destination);

    public static void Store(Vector256<uint> lanes, ref float destination) => lanes.AsSingle().StoreUnsafe(ref destination);

    public static Vector256<uint> And(Vector256<uint> left, Vector256<uint> right) => left & right;

    public static Vector256<uint> Or(Vector256<uint> left, Vector256<uint> right) => left | right;

    public static Vector256<uint> Add(Vector256<uint> left, Vector256<uint> right) => left + right;

    public static Vector256<uint> Subtract(Vector256<uint> left, Vector256<uint> right) => left - right;

    public static Vector256<uint> ShiftLeft(Vector256<uint> value, int count) => value << count;

    public static Vector256<uint> ShiftRight(Vector256<uint> value, int count) => value >>> count;

    public static Vector256<uint> GreaterThan(Vector256<uint> left, Vector256<uint> right) => Vector256.GreaterThan(left.AsInt32(), right.AsInt32()).AsUInt32();

    public static Vector256<uint> Equals(Vector256<uint> left, Vector256<uint> right) => Vector256.Equals(left, right);

    public static Vector256<uint> Select(Vector256<uint> mask, Vector256<uint> whenSet, Vector256<uint> whenClear) => Vector256.ConditionalSelect(mask, whenSet, whenClear);

    public static Vector256<uint> AddSingles(Vector256<uint> left, Vector256<uint> right) => (left.AsSingle() + right.AsSingle()).AsUInt32();

    public static Vector256<uint> SubtractSingles(Vector256<uint> left, Vector256<uint> right) => (left.AsSingle() - right.AsSingle()).AsUInt32();

    public static Vector256<uint> MultiplySingles(Vector256<uint> left, Vector256<uint> right) => (left.AsSingle() * right.AsSingle()).AsUInt32();
}
