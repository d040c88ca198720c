using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace PtxEmulator;

/// <summary>A comparison, element by element: all ones where it holds.</summary>
interface IComparison
{
    static abstract Vector256<T> Invoke<T>(Vector256<T> a, Vector256<T> b);
}

readonly struct EqualTo : IComparison
{
    public static Vector256<T> Invoke<T>(Vector256<T> a, Vector256<T> b) => Vector256.Equals(a, b);
}

readonly struct LessThan : IComparison
{
    public static Vector256<T> Invoke<T>(Vector256<T> a, Vector256<T> b) => Vector256.LessThan(a, b);
}

readonly struct LessOrEqual : IComparison
{
    public static Vector256<T> Invoke<T>(Vector256<T> a, Vector256<T> b) => Vector256.LessThanOrEqual(a, b);
}

readonly struct GreaterThan : IComparison
{
    public static Vector256<T> Invoke<T>(Vector256<T> a, Vector256<T> b) => Vector256.GreaterThan(a, b);
}

readonly struct GreaterOrEqual : IComparison
{
    public static Vector256<T> Invoke<T>(Vector256<T> a, Vector256<T> b) => Vector256.GreaterThanOrEqual(a, b);
}

/// <summary>Different, and neither is NaN.</summary>
readonly struct LessOrGreater : IComparison
{
    public static Vector256<T> Invoke<T>(Vector256<T> a, Vector256<T> b) => Vector256.LessThan(a, b) | Vector256.GreaterThan(a, b);
}

/// <summary>Neither is NaN.</summary>
readonly struct Ordered : IComparison
{
    public static Vector256<T> Invoke<T>(Vector256<T> a, Vector256<T> b) => Vector256.Equals(a, a) & Vector256.Equals(b, b);
}

enum Combination
{
    None,
    And,
    Or,
    Xor,
}

/// <summary>
/// <c>setp</c>: <c>p|q = compare(a, b) combined with c</c>; q takes the comparison's opposite. For an unordered comparison
/// its ordered opposite is asked and the answer turned round.
/// </summary>
/// <param name="p">The place of the mask, or -1.</param>
/// <param name="q">The same.</param>
/// <param name="a">The left side.</param>
/// <param name="b">The right side.</param>
/// <param name="inverted">Whether the comparison's answer is turned round.</param>
/// <param name="shift">16 for lanes of 16 bits, which then compare as the upper half of 32; else 0.</param>
/// <param name="flush">Whether subnormal floats count as zero.</param>
/// <param name="combination">How c comes in.</param>
/// <param name="c">The predicate to combine with.</param>
/// <param name="cFlip">All ones for <c>!c</c>.</param>
sealed unsafe class Compare<T, TComparison>(int p, int q, Slot a, Slot b, bool inverted, int shift, bool flush, Combination combination, Slot c, uint cFlip) : Operation
    where T : unmanaged
    where TComparison : struct, IComparison
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Execute(Warp warp, uint mask)
    {
        byte* frame = warp.Frame;
        var x = (T*)a.In(frame);
        var y = (T*)b.In(frame);
        uint holds = 0;
        for (int i = 0; i < Lanes.Count; i += Vector256<T>.Count)
        {
            Vector256<T> left = Vector256.Load(x + i);
            Vector256<T> right = Vector256.Load(y + i);
            if (shift != 0)
            {
                left = (left.AsUInt32() << shift).As<uint, T>();
                right = (right.AsUInt32() << shift).As<uint, T>();
            }

            if (flush)
            {
                left = FloatLanes.Flush(left.AsSingle()).As<float, T>();
                right = FloatLanes.Flush(right.AsSingle()).As<float, T>();
            }

            holds |= TComparison.Invoke(left, right).ExtractMostSignificantBits() << i;
        }

        Predicates.Write(frame, p, q, inverted ? ~holds : holds, combination, combination == Combination.None ? 0 : *c.Words(frame) ^ cFlip, mask);
    }
}

/// <summary><c>setp</c> lane by lane, for formats that the host has no vectors of.</summary>
sealed unsafe class LaneCompare(Func<uint, uint, bool> holds, int p, int q, Slot a, Slot b, Combination combination, Slot c, uint cFlip) : Operation
{
    public override void Execute(Warp warp, uint mask)
    {
        byte* frame = warp.Frame;
        uint answer = 0;
        for (uint rest = mask; rest != 0;)
        {
            int lane = Lanes.Next(ref rest);
            answer |= holds(a.Words(frame)[lane], b.Words(frame)[lane]) ? 1u << lane : 0;
        }

        Predicates.Write(frame, p, q, answer, combination, combination == Combination.None ? 0 : *c.Words(frame) ^ cFlip, mask);
    }
}

static unsafe class Predicates
{
    /// <summary>Writes the lanes of the mask; a place of -1 is a sink.</summary>
    public static void Write(byte* frame, int place, uint value, uint mask)
    {
        if (place >= 0)
        {
            uint* to = (uint*)(frame + place);
            *to = (*to & ~mask) | (value & mask);
        }
    }

    public static void Write(byte* frame, int p, int q, uint holds, Combination combination, uint c, uint mask)
    {
        if (q < 0 && combination == Combination.None)
        {
            Write(frame, p, holds, mask);
            return;
        }

        Write(frame, p, Combine(holds, combination, c), mask);
        Write(frame, q, Combine(~holds, combination, c), mask);
    }

    static uint Combine(uint holds, Combination combination, uint c) => combination switch
    {
        Combination.And => holds & c,
        Combination.Or => holds | c,
        Combination.Xor => holds ^ c,
        _ => holds,
    };
}

/// <summary><c>and.pred</c> and its like, on whole masks.</summary>
sealed unsafe class PredicateLogic(Func<uint, uint, uint> operation, int d, Slot a, uint aFlip, Slot b, uint bFlip) : Operation
{
    public override void Execute(Warp warp, uint mask) =>
        Predicates.Write(warp.Frame, d, operation(*a.Words(warp.Frame) ^ aFlip, *b.Words(warp.Frame) ^ bFlip), mask);
}

/// <summary><c>selp</c>: <c>d = p ? a : b</c>.</summary>
sealed unsafe class SelectByPredicate<T>(int d, Slot a, Slot b, Slot p, uint flip) : Operation
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Execute(Warp warp, uint mask)
    {
        byte* frame = warp.Frame;
        uint chosen = *p.Words(frame) ^ flip;
        var x = (T*)a.In(frame);
        var y = (T*)b.In(frame);
        var to = (T*)(frame + d);
        for (int i = 0; i < Lanes.Count; i += Vector256<T>.Count)
        {
            Vector256<T> result = Vector256.ConditionalSelect(Lanes.Select<T>(chosen, i), Vector256.Load(x + i), Vector256.Load(y + i));
            (mask == uint.MaxValue ? result : Vector256.ConditionalSelect(Lanes.Select<T>(mask, i), result, Vector256.Load(to + i))).Store(to + i);
        }
    }
}
