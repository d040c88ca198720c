namespace Octet.Backends.Cpu;

/// <summary>
/// Float32 vectors of one width, with the widening loads of the weight formats. Kernels are written once against this and compiled by
/// the JIT for each width; natural element order everywhere, so a kernel gives the same products whatever the width.
/// </summary>
unsafe interface ISimd<TVector>
    where TVector : struct
{
    static abstract int Count { get; }

    static abstract TVector Zero { get; }

    static abstract TVector Broadcast(float value);

    static abstract TVector Load(float* source);

    static abstract void Store(float* destination, TVector value);

    static abstract TVector Add(TVector a, TVector b);

    static abstract TVector Multiply(TVector a, TVector b);

    static abstract TVector Divide(TVector a, TVector b);

    /// <summary>a * b + c, fused where the machine can.</summary>
    static abstract TVector MultiplyAdd(TVector a, TVector b, TVector c);

    static abstract TVector Exp(TVector value);

    static abstract float Sum(TVector value);

    /// <summary>4 * <see cref="Count"/> E4M3FN codes; a NaN code is NaN.</summary>
    static abstract void WidenE4M3(byte* source, out TVector a, out TVector b, out TVector c, out TVector d);

    static abstract TVector WidenBFloat16(ushort* source);

    static abstract TVector WidenHalf(ushort* source);

    /// <summary>Rounds to nearest even; a NaN stays a NaN.</summary>
    static abstract void NarrowBFloat16(TVector value, ushort* destination);
}
