namespace Octet.Backends.Cpu;

/// <summary>
/// Float32 vectors of one width, with the widening loads of the weight formats. Kernels are written once against this and compiled by
/// the JIT for each width.
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

    /// <summary>The larger of each lane; NaN where either is.</summary>
    static abstract TVector Max(TVector a, TVector b);

    /// <summary>Each lane within two bounds; a NaN stays a NaN.</summary>
    static abstract TVector Clamp(TVector value, TVector low, TVector high);

    /// <summary>The lowest 8 bits of each lane as the exponent of a positive float32 with no fraction; 0 for 0.</summary>
    static abstract TVector FromExponent(TVector bits);

    static abstract float Sum(TVector value);

    /// <summary>Elements 0, 2, 4, ... and 1, 3, 5, ... of a and b together.</summary>
    static abstract void Deinterleave(TVector a, TVector b, out TVector even, out TVector odd);

    /// <summary>Count rows of Count 32-bit lanes, <paramref name="stride"/> bytes apart, as columns: destination[j * Count + i] = row i, lane j.</summary>
    static abstract void Transpose(byte* source, nint stride, float* destination);

    /// <summary>Count 32-bit lanes of four E4M3FN codes each: the first of every lane, the second, ... A NaN code is NaN.</summary>
    static abstract void WidenE4M3(byte* source, out TVector a, out TVector b, out TVector c, out TVector d);

    /// <summary>Count 32-bit lanes of four E5M2 codes each: the first of every lane, the second, ... NaN and infinity are themselves.</summary>
    static abstract void WidenE5M2(byte* source, out TVector a, out TVector b, out TVector c, out TVector d);

    /// <summary>Count consecutive bfloat16 in their order.</summary>
    static abstract TVector WidenBFloat16(ushort* source);

    /// <summary>Count 32-bit lanes of two bfloat16 each: the first of every lane, the second.</summary>
    static abstract void WidenBFloat16Pairs(byte* source, out TVector even, out TVector odd);

    /// <summary>Count 32-bit lanes of two float16 each: the first of every lane, the second.</summary>
    static abstract void WidenHalfPairs(byte* source, out TVector even, out TVector odd);

    /// <summary>Rounds to nearest even; a NaN stays a NaN.</summary>
    static abstract void NarrowBFloat16(TVector value, ushort* destination);

    /// <summary>
    /// Of 4 * Count bytes of two E2M1 codes each the lower halves, or the upper ones. From each 128 bits those of bytes 0, 2, 4, 6 (a), of bytes
    /// 1, 3, 5, 7 (b), and the same of bytes 8 to 15 (c, d).
    /// </summary>
    static abstract void WidenE2M1(byte* source, bool upper, out TVector a, out TVector b, out TVector c, out TVector d);

    /// <summary>In each 128 bits one entry of <paramref name="table"/>, that of the code <paramref name="step"/> bytes after the last one's.</summary>
    static abstract TVector LookUpLanes(float* table, byte* codes, nint step);

    /// <summary>In each eight lanes, or in all of fewer, one entry of <paramref name="table"/>, those of neighbouring codes.</summary>
    static abstract TVector LookUpBlocks(float* table, byte* codes);
}
