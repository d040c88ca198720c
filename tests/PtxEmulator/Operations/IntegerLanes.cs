using System.Numerics;
using System.Runtime.Intrinsics;

namespace PtxEmulator;

readonly struct IntegerAdd<T> : IBinary<T>
{
    public static Vector256<T> Invoke(Vector256<T> a, Vector256<T> b) => a + b;
}

readonly struct IntegerSubtract<T> : IBinary<T>
{
    public static Vector256<T> Invoke(Vector256<T> a, Vector256<T> b) => a - b;
}

readonly struct IntegerMultiply<T> : IBinary<T>
{
    public static Vector256<T> Invoke(Vector256<T> a, Vector256<T> b) => a * b;
}

readonly struct IntegerMultiplyAdd<T> : ITernary<T>
{
    public static Vector256<T> Invoke(Vector256<T> a, Vector256<T> b, Vector256<T> c) => (a * b) + c;
}

readonly struct IntegerMin<T> : IBinary<T>
{
    public static Vector256<T> Invoke(Vector256<T> a, Vector256<T> b) => Vector256.Min(a, b);
}

readonly struct IntegerMax<T> : IBinary<T>
{
    public static Vector256<T> Invoke(Vector256<T> a, Vector256<T> b) => Vector256.Max(a, b);
}

readonly struct BitAnd<T> : IBinary<T>
{
    public static Vector256<T> Invoke(Vector256<T> a, Vector256<T> b) => a & b;
}

readonly struct BitOr<T> : IBinary<T>
{
    public static Vector256<T> Invoke(Vector256<T> a, Vector256<T> b) => a | b;
}

readonly struct BitXor<T> : IBinary<T>
{
    public static Vector256<T> Invoke(Vector256<T> a, Vector256<T> b) => a ^ b;
}

readonly struct BitNot<T> : IUnary<T>
{
    public static Vector256<T> Invoke(Vector256<T> a) => ~a;
}

readonly struct Copy<T> : IUnary<T>
{
    public static Vector256<T> Invoke(Vector256<T> a) => a;
}

/// <summary>Shifts by a constant, which is within the width.</summary>
sealed unsafe class ShiftByConstant<T>(int d, Slot a, int count, ShiftKind kind) : Operation
    where T : unmanaged, IBinaryInteger<T>
{
    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.AggressiveOptimization)]
    public override void Execute(Warp warp, uint mask)
    {
        var to = (T*)(warp.Frame + d);
        var x = (T*)a.In(warp.Frame);
        for (int i = 0; i < Lanes.Count; i += Vector256<T>.Count)
        {
            Vector256<T> lanes = Vector256.Load(x + i);
            Vector256<T> result = kind switch
            {
                ShiftKind.Left => lanes << count,
                ShiftKind.Right => lanes >>> count,
                _ => lanes >> count,
            };
            (mask == uint.MaxValue ? result : Vector256.ConditionalSelect(Lanes.Select<T>(mask, i), result, Vector256.Load(to + i))).Store(to + i);
        }
    }
}

enum ShiftKind
{
    Left,
    Right,
    RightSigned,
}
