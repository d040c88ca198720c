using System.Runtime.CompilerServices;

namespace Octet.Backends.Cpu;

/// <summary>Inputs of linear layers in the order in which weights are widened, and times the weights' scales.</summary>
sealed unsafe partial class VectorKernels<TSimd, TVector, TE4M3>
{
    // Columns that are widened together.
    static int Step => 4 * TSimd.Count;

    static int ArrangedStride(int columns) => (columns + Step - 1) / Step * Step;

    // What is laid out for a weight of codes is in the order, and times the power of two, of the quickest format.
    static bool IsArrangedFor<TFormat>()
        where TFormat : struct, IWeightFormat<TVector>
        => typeof(TFormat) == typeof(TE4M3) || typeof(TFormat) != typeof(E4M3Weights<TSimd, TVector>);

    /// <summary>Tokens [first, end), each in an <see cref="ArrangedStride"/>.</summary>
    static void ArrangeTokens<TFormat>(in LinearInput x, int first, int end, int columns, float* destination)
        where TFormat : struct, IWeightFormat<TVector>
    {
        int stride = ArrangedStride(columns);
        for (int t = first; t < end; t++)
        {
            Arrange<TFormat>(x.Data + (nint)t * x.Stride, stride, destination + (nint)t * stride, TSimd.Count);
        }
    }

    /// <summary>
    /// The input in the order in which the format's elements come when they are widened: four vectors a step, each <paramref name="apart"/>
    /// floats from the one before. Rows end in zeros up to a multiple of 64.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Arrange<TFormat>(float* x, int count, float* destination, int apart)
        where TFormat : struct, IWeightFormat<TVector>
    {
        TVector factor = TSimd.Broadcast(TFormat.HalfUnit);
        for (nint k = 0; k < count; k += Step, destination += 4 * apart)
        {
            TVector a = TSimd.Multiply(TSimd.Load(x + k), factor);
            TVector b = TSimd.Multiply(TSimd.Load(x + k + TSimd.Count), factor);
            TVector c = TSimd.Multiply(TSimd.Load(x + k + 2 * TSimd.Count), factor);
            TVector d = TSimd.Multiply(TSimd.Load(x + k + 3 * TSimd.Count), factor);
            if (TFormat.ElementBytes < 4)
            {
                TSimd.Deinterleave(a, b, out TVector even, out TVector odd);
                TSimd.Deinterleave(c, d, out TVector evenAfter, out TVector oddAfter);
                if (TFormat.ElementBytes == 2)
                {
                    (a, b, c, d) = (even, odd, evenAfter, oddAfter);
                }
                else
                {
                    TSimd.Deinterleave(even, evenAfter, out a, out c);
                    TSimd.Deinterleave(odd, oddAfter, out b, out d);
                }
            }

            TSimd.Store(destination, a);
            TSimd.Store(destination + apart, b);
            TSimd.Store(destination + 2 * apart, c);
            TSimd.Store(destination + 3 * apart, d);
        }
    }

    /// <summary>A power of two near the largest scale. Scales over it leave inputs about as large as they are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static float PowerNear(float* scales, int count)
    {
        float largest = 0;
        for (int i = 0; i < count; i++)
        {
            largest = Math.Max(largest, Math.Abs(scales[i]));
        }

        return float.IsNormal(largest) ? MathF.ScaleB(1, Math.Clamp(MathF.ILogB(largest), -125, 125)) : 1;
    }

    /// <summary>Columns [first, end) of <paramref name="tokens"/> arranged tokens times their blocks' scales.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void ScaleInput(float* source, int first, int end, float* scales, int blockColumns, float factor, float* destination, int tokens)
    {
        for (int k = first; k < end;)
        {
            int block = k / blockColumns;
            int stop = Math.Min(end, (block + 1) * blockColumns);
            TVector scale = TSimd.Broadcast(scales[block] * factor);
            for (float* blockEnd = destination + (nint)(stop - k) * tokens; destination < blockEnd; destination += 2 * TSimd.Count, source += 2 * TSimd.Count)
            {
                TSimd.Store(destination, TSimd.Multiply(TSimd.Load(source), scale));
                TSimd.Store(destination + TSimd.Count, TSimd.Multiply(TSimd.Load(source + TSimd.Count), scale));
            }

            k = stop;
        }
    }
}
