using System.Runtime.CompilerServices;

namespace Octet.Backends.Cpu;

/// <summary>Loads 4 * TSimd.Count weights of one element type as float32, in order.</summary>
unsafe interface IWeightFormat<TVector>
    where TVector : struct
{
    static abstract int ElementBytes { get; }

    static abstract void Widen(byte* source, out TVector a, out TVector b, out TVector c, out TVector d);
}

readonly unsafe struct E4M3Weights<TSimd, TVector> : IWeightFormat<TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public static int ElementBytes => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* source, out TVector a, out TVector b, out TVector c, out TVector d) => TSimd.WidenE4M3(source, out a, out b, out c, out d);
}

readonly unsafe struct BFloat16Weights<TSimd, TVector> : IWeightFormat<TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public static int ElementBytes => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* source, out TVector a, out TVector b, out TVector c, out TVector d)
    {
        ushort* at = (ushort*)source;
        a = TSimd.WidenBFloat16(at);
        b = TSimd.WidenBFloat16(at + TSimd.Count);
        c = TSimd.WidenBFloat16(at + 2 * TSimd.Count);
        d = TSimd.WidenBFloat16(at + 3 * TSimd.Count);
    }
}

readonly unsafe struct HalfWeights<TSimd, TVector> : IWeightFormat<TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public static int ElementBytes => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* source, out TVector a, out TVector b, out TVector c, out TVector d)
    {
        ushort* at = (ushort*)source;
        a = TSimd.WidenHalf(at);
        b = TSimd.WidenHalf(at + TSimd.Count);
        c = TSimd.WidenHalf(at + 2 * TSimd.Count);
        d = TSimd.WidenHalf(at + 3 * TSimd.Count);
    }
}

readonly unsafe struct SingleWeights<TSimd, TVector> : IWeightFormat<TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public static int ElementBytes => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* source, out TVector a, out TVector b, out TVector c, out TVector d)
    {
        float* at = (float*)source;
        a = TSimd.Load(at);
        b = TSimd.Load(at + TSimd.Count);
        c = TSimd.Load(at + 2 * TSimd.Count);
        d = TSimd.Load(at + 3 * TSimd.Count);
    }
}
