using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace PtxEmulator;

/// <summary>Between lanes of 32 and of 64 bits: <c>cvt.u64.u32</c>, <c>cvt.s64.s32</c>, <c>cvt.u32.u64</c>.</summary>
sealed unsafe class Widen(int d, Slot a, bool signed) : Operation
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Execute(Warp warp, uint mask)
    {
        ulong* to = (ulong*)(warp.Frame + d);
        uint* x = a.Words(warp.Frame);
        for (int i = 0; i < Lanes.Count; i += 8)
        {
            (Vector256<ulong> low, Vector256<ulong> high) = Pair(Vector256.Load(x + i), signed);
            Store(to + i, low, mask, i);
            Store(to + i + 4, high, mask, i + 4);
        }
    }

    internal static (Vector256<ulong> Low, Vector256<ulong> High) Pair(Vector256<uint> lanes, bool signed)
    {
        if (signed)
        {
            (Vector256<long> low, Vector256<long> high) = Vector256.Widen(lanes.AsInt32());
            return (low.AsUInt64(), high.AsUInt64());
        }

        return Vector256.Widen(lanes);
    }

    internal static void Store(ulong* to, Vector256<ulong> lanes, uint mask, int first) =>
        (mask == uint.MaxValue ? lanes : Vector256.ConditionalSelect(Lanes.Select<ulong>(mask, first), lanes, Vector256.Load(to))).Store(to);
}

sealed unsafe class Narrow(int d, Slot a) : Operation
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Execute(Warp warp, uint mask)
    {
        uint* to = (uint*)(warp.Frame + d);
        ulong* x = a.Longs(warp.Frame);
        for (int i = 0; i < Lanes.Count; i += 8)
        {
            Vector256<uint> lanes = Vector256.Narrow(Vector256.Load(x + i), Vector256.Load(x + i + 4));
            (mask == uint.MaxValue ? lanes : Vector256.ConditionalSelect(Lanes.Select<uint>(mask, i), lanes, Vector256.Load(to + i))).Store(to + i);
        }
    }
}

/// <summary><c>mul.wide</c> and <c>mad.wide</c> of 32-bit factors.</summary>
sealed unsafe class MultiplyWide(int d, Slot a, Slot b, Slot? c, bool signed) : Operation
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Execute(Warp warp, uint mask)
    {
        ulong* to = (ulong*)(warp.Frame + d);
        uint* x = a.Words(warp.Frame);
        uint* y = b.Words(warp.Frame);
        ulong* z = c is { } addend ? addend.Longs(warp.Frame) : null;
        while (mask != 0)
        {
            int lane = Lanes.Next(ref mask);
            ulong product = signed ? (ulong)((long)(int)x[lane] * (int)y[lane]) : (ulong)x[lane] * y[lane];
            to[lane] = z is null ? product : product + z[lane];
        }
    }
}
