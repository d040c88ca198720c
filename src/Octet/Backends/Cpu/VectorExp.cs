using System.Runtime.CompilerServices;

namespace Octet.Backends.Cpu;

/// <summary>
/// exp in float32, within 2^-22 of it: x = n ln 2 + r with a whole n, 2^n times the series of exp at r. With .NET's own, which goes
/// through double, SwiGLU takes twice as long.
/// </summary>
static class VectorExp
{
    // Under the first, 2^n is taken for 0; over the second it would be infinite.
    const float Lowest = -88;
    const float Highest = 88.37f;

    // Added to n it leaves n and float32's bias as whole number in the lowest bits, where the fraction was.
    const float Whole = (3 << 22) + 127;

    // ln 2 in two parts, the first of so few bits that n times it is exact.
    const float LnTwo = 355f / 512;
    const float LnTwoRest = -2.12194440e-4f;

    /// <summary>0 under -88, 2.4e38 over 88.37, 1 for 0, NaN for NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVector Exp<TSimd, TVector>(TVector x)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        x = TSimd.Clamp(x, TSimd.Broadcast(Lowest), TSimd.Broadcast(Highest));
        TVector shifted = TSimd.MultiplyAdd(x, TSimd.Broadcast(1.44269504f), TSimd.Broadcast(Whole));
        TVector n = TSimd.Add(shifted, TSimd.Broadcast(-Whole));
        TVector r = TSimd.MultiplyAdd(n, TSimd.Broadcast(-LnTwo), x);
        r = TSimd.MultiplyAdd(n, TSimd.Broadcast(-LnTwoRest), r);
        TVector series = TSimd.MultiplyAdd(r, TSimd.Broadcast(1f / 5040), TSimd.Broadcast(1f / 720));
        series = TSimd.MultiplyAdd(series, r, TSimd.Broadcast(1f / 120));
        series = TSimd.MultiplyAdd(series, r, TSimd.Broadcast(1f / 24));
        series = TSimd.MultiplyAdd(series, r, TSimd.Broadcast(1f / 6));
        series = TSimd.MultiplyAdd(series, r, TSimd.Broadcast(1f / 2));
        series = TSimd.MultiplyAdd(series, r, TSimd.Broadcast(1));
        series = TSimd.MultiplyAdd(series, r, TSimd.Broadcast(1));
        return TSimd.Multiply(series, TSimd.FromExponent(shifted));
    }
}
