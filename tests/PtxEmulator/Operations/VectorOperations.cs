using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace PtxEmulator;

/// <summary>An operation on lanes of type T, eight or four at a time.</summary>
interface IUnary<T>
{
    static abstract Vector256<T> Invoke(Vector256<T> a);
}

interface IBinary<T>
{
    static abstract Vector256<T> Invoke(Vector256<T> a, Vector256<T> b);
}

interface ITernary<T>
{
    static abstract Vector256<T> Invoke(Vector256<T> a, Vector256<T> b, Vector256<T> c);
}

/// <summary><c>d = op(a)</c>; lanes outside of the mask keep what they had.</summary>
sealed unsafe class Unary<T, TOperator>(int d, Slot a) : Operation
    where T : unmanaged
    where TOperator : struct, IUnary<T>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Execute(Warp warp, uint mask)
    {
        var to = (T*)(warp.Frame + d);
        var x = (T*)a.In(warp.Frame);
        if (mask == uint.MaxValue)
        {
            for (int i = 0; i < Lanes.Count; i += Vector256<T>.Count)
            {
                TOperator.Invoke(Vector256.Load(x + i)).Store(to + i);
            }

            return;
        }

        for (int i = 0; i < Lanes.Count; i += Vector256<T>.Count)
        {
            Vector256.ConditionalSelect(Lanes.Select<T>(mask, i), TOperator.Invoke(Vector256.Load(x + i)), Vector256.Load(to + i)).Store(to + i);
        }
    }
}

/// <summary><c>d = op(a, b)</c>.</summary>
sealed unsafe class Binary<T, TOperator>(int d, Slot a, Slot b) : Operation
    where T : unmanaged
    where TOperator : struct, IBinary<T>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Execute(Warp warp, uint mask)
    {
        var to = (T*)(warp.Frame + d);
        var x = (T*)a.In(warp.Frame);
        var y = (T*)b.In(warp.Frame);
        if (mask == uint.MaxValue)
        {
            for (int i = 0; i < Lanes.Count; i += Vector256<T>.Count)
            {
                TOperator.Invoke(Vector256.Load(x + i), Vector256.Load(y + i)).Store(to + i);
            }

            return;
        }

        for (int i = 0; i < Lanes.Count; i += Vector256<T>.Count)
        {
            Vector256<T> result = TOperator.Invoke(Vector256.Load(x + i), Vector256.Load(y + i));
            Vector256.ConditionalSelect(Lanes.Select<T>(mask, i), result, Vector256.Load(to + i)).Store(to + i);
        }
    }
}

/// <summary><c>d = op(a, b, c)</c>.</summary>
sealed unsafe class Ternary<T, TOperator>(int d, Slot a, Slot b, Slot c) : Operation
    where T : unmanaged
    where TOperator : struct, ITernary<T>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Execute(Warp warp, uint mask)
    {
        var to = (T*)(warp.Frame + d);
        var x = (T*)a.In(warp.Frame);
        var y = (T*)b.In(warp.Frame);
        var z = (T*)c.In(warp.Frame);
        if (mask == uint.MaxValue)
        {
            for (int i = 0; i < Lanes.Count; i += Vector256<T>.Count)
            {
                TOperator.Invoke(Vector256.Load(x + i), Vector256.Load(y + i), Vector256.Load(z + i)).Store(to + i);
            }

            return;
        }

        for (int i = 0; i < Lanes.Count; i += Vector256<T>.Count)
        {
            Vector256<T> result = TOperator.Invoke(Vector256.Load(x + i), Vector256.Load(y + i), Vector256.Load(z + i));
            Vector256.ConditionalSelect(Lanes.Select<T>(mask, i), result, Vector256.Load(to + i)).Store(to + i);
        }
    }
}
