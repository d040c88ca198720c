using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace PtxEmulator;

/// <summary>Float32 arithmetic as PTX defines it: a NaN result is 0x7fffffff.</summary>
static class FloatLanes
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Canonical(Vector256<float> lanes) =>
        Vector256.ConditionalSelect(Vector256.Equals(lanes, lanes), lanes, Vector256.Create(FloatBits.NaN32).AsSingle());

    /// <summary>Subnormal numbers become zero with their sign (<c>.ftz</c>).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Flush(Vector256<float> lanes)
    {
        Vector256<float> sign = lanes & Vector256.Create(-0f);
        Vector256<float> small = Vector256.LessThan(Vector256.Abs(lanes), Vector256.Create(1.17549435e-38f));
        return Vector256.ConditionalSelect(small, sign, lanes);
    }

    /// <summary>Into [0, 1], NaN to 0 (<c>.sat</c>).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Saturate(Vector256<float> lanes) =>
        Vector256.ConditionalSelect(Vector256.GreaterThan(lanes, Vector256<float>.Zero), Vector256.Min(lanes, Vector256<float>.One), Vector256<float>.Zero);
}

readonly struct FloatAdd : IBinary<float>
{
    public static Vector256<float> Invoke(Vector256<float> a, Vector256<float> b) => FloatLanes.Canonical(a + b);
}

readonly struct FloatSubtract : IBinary<float>
{
    public static Vector256<float> Invoke(Vector256<float> a, Vector256<float> b) => FloatLanes.Canonical(a - b);
}

readonly struct FloatMultiply : IBinary<float>
{
    public static Vector256<float> Invoke(Vector256<float> a, Vector256<float> b) => FloatLanes.Canonical(a * b);
}

readonly struct FloatDivide : IBinary<float>
{
    public static Vector256<float> Invoke(Vector256<float> a, Vector256<float> b) => FloatLanes.Canonical(a / b);
}

readonly struct FloatMultiplyAdd : ITernary<float>
{
    public static Vector256<float> Invoke(Vector256<float> a, Vector256<float> b, Vector256<float> c) => FloatLanes.Canonical(Vector256.FusedMultiplyAdd(a, b, c));
}

/// <summary>The number where the other is NaN; -0 is less than +0.</summary>
readonly struct FloatMin : IBinary<float>
{
    public static Vector256<float> Invoke(Vector256<float> a, Vector256<float> b) => FloatLanes.Canonical(Vector256.MinNumber(a, b));
}

readonly struct FloatMax : IBinary<float>
{
    public static Vector256<float> Invoke(Vector256<float> a, Vector256<float> b) => FloatLanes.Canonical(Vector256.MaxNumber(a, b));
}

/// <summary>NaN where either is (<c>.NaN</c>).</summary>
readonly struct FloatMinNaN : IBinary<float>
{
    public static Vector256<float> Invoke(Vector256<float> a, Vector256<float> b) => FloatLanes.Canonical(Vector256.Min(a, b));
}

readonly struct FloatMaxNaN : IBinary<float>
{
    public static Vector256<float> Invoke(Vector256<float> a, Vector256<float> b) => FloatLanes.Canonical(Vector256.Max(a, b));
}

readonly struct FloatNegate : IUnary<float>
{
    public static Vector256<float> Invoke(Vector256<float> a) => FloatLanes.Canonical(a ^ Vector256.Create(-0f));
}

readonly struct FloatAbs : IUnary<float>
{
    public static Vector256<float> Invoke(Vector256<float> a) => FloatLanes.Canonical(Vector256.Abs(a));
}

readonly struct FloatSquareRoot : IUnary<float>
{
    public static Vector256<float> Invoke(Vector256<float> a) => FloatLanes.Canonical(Vector256.Sqrt(a));
}

/// <summary>1 / a, correctly rounded.</summary>
readonly struct FloatReciprocal : IUnary<float>
{
    public static Vector256<float> Invoke(Vector256<float> a) => FloatLanes.Canonical(Vector256<float>.One / a);
}

/// <summary>2 to the power of a, rounded from float64.</summary>
readonly struct FloatExp2 : IUnary<float>
{
    public static Vector256<float> Invoke(Vector256<float> a)
    {
        (Vector256<double> low, Vector256<double> high) = Vector256.Widen(a);
        Vector256<double> ln2 = Vector256.Create(0.6931471805599453);
        Vector256<float> power = Vector256.Narrow(Vector256.Exp(low * ln2), Vector256.Exp(high * ln2));
        // A whole power is exact, and so is what lies beyond the range.
        Vector256<float> whole = Vector256.Round(a);
        Vector256<int> exponent = Vector256.ConvertToInt32(Vector256.Clamp(whole, Vector256.Create(-126f), Vector256.Create(127f)));
        Vector256<float> exact = ((exponent + Vector256.Create(127)) << 23).AsSingle();
        Vector256<float> isExact = Vector256.Equals(a, whole) & Vector256.LessThanOrEqual(Vector256.Abs(a), Vector256.Create(126f));
        return FloatLanes.Canonical(Vector256.ConditionalSelect(isExact, exact, power));
    }
}

/// <summary>With <c>.ftz</c>: operands and result are flushed.</summary>
readonly struct Flushed1<T> : IUnary<float>
    where T : struct, IUnary<float>
{
    public static Vector256<float> Invoke(Vector256<float> a) => FloatLanes.Flush(T.Invoke(FloatLanes.Flush(a)));
}

readonly struct Flushed2<T> : IBinary<float>
    where T : struct, IBinary<float>
{
    public static Vector256<float> Invoke(Vector256<float> a, Vector256<float> b) =>
        FloatLanes.Flush(T.Invoke(FloatLanes.Flush(a), FloatLanes.Flush(b)));
}

readonly struct Flushed3<T> : ITernary<float>
    where T : struct, ITernary<float>
{
    public static Vector256<float> Invoke(Vector256<float> a, Vector256<float> b, Vector256<float> c) =>
        FloatLanes.Flush(T.Invoke(FloatLanes.Flush(a), FloatLanes.Flush(b), FloatLanes.Flush(c)));
}

/// <summary>With <c>.sat</c>.</summary>
readonly struct Saturated2<T> : IBinary<float>
    where T : struct, IBinary<float>
{
    public static Vector256<float> Invoke(Vector256<float> a, Vector256<float> b) => FloatLanes.Saturate(T.Invoke(a, b));
}

readonly struct Saturated3<T> : ITernary<float>
    where T : struct, ITernary<float>
{
    public static Vector256<float> Invoke(Vector256<float> a, Vector256<float> b, Vector256<float> c) => FloatLanes.Saturate(T.Invoke(a, b, c));
}
