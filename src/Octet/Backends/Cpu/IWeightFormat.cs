using System.Runtime.CompilerServices;

namespace Octet.Backends.Cpu;

/// <summary>
/// One element type, widened to float32 four vectors at a time. The bytes are taken as 32-bit lanes of 4, 2 or 1 elements. Widening
/// never moves an element to another lane, which is what shuffles cost most for: it gives the first element of every lane, then the
/// second, and so on, for as many vectors of lanes as four results need. Kernels bring the other operand into that order instead.
/// </summary>
unsafe interface IWeightFormat<TVector>
    where TVector : struct
{
    static abstract int ElementBytes { get; }

    /// <summary>
    /// Twice multiplied with this power of two, a widened element is the weight. The whole factor may be too large to stay in range when
    /// either side of a product has it, so each has half: the inputs, and the sum, before a scale, which may be as small.
    /// </summary>
    static abstract float HalfUnit { get; }

    /// <summary>Whether a NaN code becomes a NaN.</summary>
    static abstract bool KeepsNaN { get; }

    static abstract void Widen(byte* source, out TVector a, out TVector b, out TVector c, out TVector d);

    /// <summary>
    /// Of the four vectors that <see cref="Widen"/> gives, how far apart the two are that <see cref="WidenHalf"/> gives: 1 for a, b and c, d; 2
    /// for a, c and b, d; 0 where there are no such halves, because the four have most of the work in common.
    /// </summary>
    static virtual int HalvesApart => 0;

    /// <summary>The first or the second two vectors, by <paramref name="half"/>, 0 or 1 and a constant.</summary>
    static virtual void WidenHalf(byte* source, int half, out TVector first, out TVector second) => throw new NotSupportedException();
}

readonly unsafe struct E4M3Weights<TSimd, TVector> : IWeightFormat<TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public static int ElementBytes => 1;

    public static float HalfUnit => 1;

    public static bool KeepsNaN => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* source, out TVector a, out TVector b, out TVector c, out TVector d) => TSimd.WidenE4M3(source, out a, out b, out c, out d);
}

readonly unsafe struct E5M2Weights<TSimd, TVector> : IWeightFormat<TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public static int ElementBytes => 1;

    public static float HalfUnit => 1;

    public static bool KeepsNaN => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* source, out TVector a, out TVector b, out TVector c, out TVector d) => TSimd.WidenE5M2(source, out a, out b, out c, out d);
}

readonly unsafe struct BFloat16Weights<TSimd, TVector> : IWeightFormat<TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public static int ElementBytes => 2;

    public static float HalfUnit => 1;

    public static bool KeepsNaN => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* source, out TVector a, out TVector b, out TVector c, out TVector d)
    {
        TSimd.WidenBFloat16Pairs(source, out a, out b);
        TSimd.WidenBFloat16Pairs(source + TSimd.Count * sizeof(uint), out c, out d);
    }

    public static int HalvesApart => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WidenHalf(byte* source, int half, out TVector first, out TVector second)
        => TSimd.WidenBFloat16Pairs(source + half * TSimd.Count * sizeof(uint), out first, out second);
}

readonly unsafe struct HalfWeights<TSimd, TVector> : IWeightFormat<TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public static int ElementBytes => 2;

    public static float HalfUnit => 1;

    public static bool KeepsNaN => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* source, out TVector a, out TVector b, out TVector c, out TVector d)
    {
        TSimd.WidenHalfPairs(source, out a, out b);
        TSimd.WidenHalfPairs(source + TSimd.Count * sizeof(uint), out c, out d);
    }
}

readonly unsafe struct SingleWeights<TSimd, TVector> : IWeightFormat<TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public static int ElementBytes => 4;

    public static float HalfUnit => 1;

    public static bool KeepsNaN => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* source, out TVector a, out TVector b, out TVector c, out TVector d)
    {
        float* at = (float*)source;
        a = TSimd.Load(at);
        b = TSimd.Load(at + TSimd.Count);
        c = TSimd.Load(at + 2 * TSimd.Count);
        d = TSimd.Load(at + 3 * TSimd.Count);
    }

    public static int HalvesApart => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WidenHalf(byte* source, int half, out TVector first, out TVector second)
    {
        first = TSimd.Load((float*)source + 2 * half * TSimd.Count);
        second = TSimd.Load((float*)source + (2 * half + 1) * TSimd.Count);
    }
}
