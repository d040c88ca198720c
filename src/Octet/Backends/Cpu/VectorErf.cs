using System.Runtime.CompilerServices;

namespace Octet.Backends.Cpu;

/// <summary>
/// GELU with its erf in float32. erf(t) is t P(t^2) / Q(t^2), the odd rational function that machine learning libraries have in common (degrees 13
/// and 8), within 4e-7; beyond 4 it is 1 in float32.
/// </summary>
static class VectorErf
{
    const float Farthest = 4;

    /// <summary>x * (1 + erf(x / sqrt(2))) / 2; NaN for NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVector Gelu<TSimd, TVector>(TVector x)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        TVector t = TSimd.Clamp(TSimd.Multiply(x, TSimd.Broadcast(0.70710678f)), TSimd.Broadcast(-Farthest), TSimd.Broadcast(Farthest));
        TVector s = TSimd.Multiply(t, t);
        TVector p = TSimd.MultiplyAdd(s, TSimd.Broadcast(-2.72614225801306e-10f), TSimd.Broadcast(2.77068142495902e-08f));
        TVector q = TSimd.MultiplyAdd(s, TSimd.Broadcast(-1.45660718464996e-05f), TSimd.Broadcast(-2.13374055278905e-04f));
        p = TSimd.MultiplyAdd(p, s, TSimd.Broadcast(-2.10102402082508e-06f));
        q = TSimd.MultiplyAdd(q, s, TSimd.Broadcast(-1.68282697438203e-03f));
        p = TSimd.MultiplyAdd(p, s, TSimd.Broadcast(-5.69250639462346e-05f));
        q = TSimd.MultiplyAdd(q, s, TSimd.Broadcast(-7.37332916720468e-03f));
        p = TSimd.MultiplyAdd(p, s, TSimd.Broadcast(-7.34990630326855e-04f));
        q = TSimd.MultiplyAdd(q, s, TSimd.Broadcast(-1.42647390514189e-02f));
        p = TSimd.MultiplyAdd(p, s, TSimd.Broadcast(-2.95459980854025e-03f));
        p = TSimd.MultiplyAdd(p, s, TSimd.Broadcast(-1.60960333262415e-02f));
        TVector half = TSimd.Multiply(x, TSimd.Broadcast(0.5f));
        return TSimd.MultiplyAdd(half, TSimd.Divide(TSimd.Multiply(t, p), q), half);
    }
}
