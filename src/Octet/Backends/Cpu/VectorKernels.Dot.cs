using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Octet.Backends.Cpu;

/// <summary>Few tokens (decode): every row of weights is widened in registers and multiplied with each token.</summary>
sealed unsafe partial class VectorKernels<TSimd, TVector, TE4M3>
{
    // Far enough ahead that a line has arrived when the walk over the rows does; beyond a row it is the next one's.
    const int PrefetchBytes = 4096;
    const int FarPrefetchBytes = 1024;

    static int Step => 4 * TSimd.Count;

    static int ArrangedInputs(int columns) => (FewestPanelTokens - 1) * ArrangedStride(columns);

    static int ArrangedStride(int columns) => (columns + Step - 1) / Step * Step;

    static void Dots<TFormat>(CpuWeight weight, long first, long end, in LinearInput x, float* y, int yStride, float* arranged)
        where TFormat : struct, IWeightFormat<TVector>
    {
        int columns = weight.Columns;
        int stride = ArrangedStride(columns);
        for (int t = 0; t < x.Rows; t++)
        {
            Arrange<TFormat>(x.Data + (nint)t * x.Stride, stride, arranged + (nint)t * stride);
        }

        float outer = TFormat.Unit / Inner<TFormat>();
        long row = first;
        if (WalksFourRows<TFormat>() && x.Scales is null && columns % Step == 0)
        {
            long far = (end - first) / 4;
            for (; row < first + far; row++)
            {
                for (int t = 0; t < x.Rows; t++)
                {
                    FourDots<TFormat>(weight, row, far, arranged + (nint)t * stride, outer, y + (nint)t * yStride);
                }
            }

            row = first + 4 * far;
        }

        for (; row < end; row++)
        {
            for (int t = 0; t < x.Rows; t++)
            {
                float* inputScales = x.Scales is null ? null : x.Scales + (nint)t * x.ScaleStride;
                y[(nint)t * yStride + row] = outer * Dot<TFormat>(weight.Row(row), weight.Scales(row), weight.BlockColumns, arranged + (nint)t * stride, inputScales, columns);
            }
        }
    }

    // Memory gives more to four distant walks than to one (measured: 14 against 9 to 12 GB/s for bfloat16), but the registers for them must
    // be there: 16 vectors hold four rows of bfloat16, not of codes.
    static bool WalksFourRows<TFormat>()
        where TFormat : struct, IWeightFormat<TVector>
        => TFormat.ElementBytes > 1 || TSimd.Count == 16;

    /// <summary>Rows <paramref name="row"/>, row + far, row + 2 far, row + 3 far times one token.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    static void FourDots<TFormat>(CpuWeight weight, long row, long far, float* x, float outer, float* y)
        where TFormat : struct, IWeightFormat<TVector>
    {
        int step = 4 * TSimd.Count;
        int columns = weight.Columns;
        int blockColumns = weight.BlockColumns;
        byte* w0 = weight.Row(row);
        byte* w1 = weight.Row(row + far);
        byte* w2 = weight.Row(row + 2 * far);
        byte* w3 = weight.Row(row + 3 * far);
        float* scales0 = weight.Scales(row);
        float* scales1 = weight.Scales(row + far);
        float* scales2 = weight.Scales(row + 2 * far);
        float* scales3 = weight.Scales(row + 3 * far);

        // In memory: they are used once a block.
        float* totals = stackalloc float[4 * 16];
        new Span<float>(totals, 4 * TSimd.Count).Clear();
        nint at = 0;
        for (int k = 0; k < columns;)
        {
            int block = k / blockColumns;
            int end = Math.Min(columns, (block + 1) * blockColumns);
            TVector sum0 = TSimd.Zero;
            TVector sum1 = TSimd.Zero;
            TVector sum2 = TSimd.Zero;
            TVector sum3 = TSimd.Zero;
            for (; k < end; k += step, at += 4 * TSimd.Count * TFormat.ElementBytes)
            {
                if (Sse.IsSupported)
                {
                    Sse.Prefetch0(w0 + at + FarPrefetchBytes);
                    Sse.Prefetch0(w1 + at + FarPrefetchBytes);
                    Sse.Prefetch0(w2 + at + FarPrefetchBytes);
                    Sse.Prefetch0(w3 + at + FarPrefetchBytes);
                }

                TVector x0 = TSimd.Load(x + k);
                TVector x1 = TSimd.Load(x + k + TSimd.Count);
                TVector x2 = TSimd.Load(x + k + 2 * TSimd.Count);
                TVector x3 = TSimd.Load(x + k + 3 * TSimd.Count);
                TFormat.Widen(w0 + at, out TVector a, out TVector b, out TVector c, out TVector d);
                sum0 = TSimd.MultiplyAdd(d, x3, TSimd.MultiplyAdd(c, x2, TSimd.MultiplyAdd(b, x1, TSimd.MultiplyAdd(a, x0, sum0))));
                TFormat.Widen(w1 + at, out a, out b, out c, out d);
                sum1 = TSimd.MultiplyAdd(d, x3, TSimd.MultiplyAdd(c, x2, TSimd.MultiplyAdd(b, x1, TSimd.MultiplyAdd(a, x0, sum1))));
                TFormat.Widen(w2 + at, out a, out b, out c, out d);
                sum2 = TSimd.MultiplyAdd(d, x3, TSimd.MultiplyAdd(c, x2, TSimd.MultiplyAdd(b, x1, TSimd.MultiplyAdd(a, x0, sum2))));
                TFormat.Widen(w3 + at, out a, out b, out c, out d);
                sum3 = TSimd.MultiplyAdd(d, x3, TSimd.MultiplyAdd(c, x2, TSimd.MultiplyAdd(b, x1, TSimd.MultiplyAdd(a, x0, sum3))));
            }

            TSimd.Store(totals, TSimd.MultiplyAdd(sum0, TSimd.Broadcast(scales0 is null ? outer : scales0[block] * outer), TSimd.Load(totals)));
            TSimd.Store(totals + TSimd.Count, TSimd.MultiplyAdd(sum1, TSimd.Broadcast(scales1 is null ? outer : scales1[block] * outer), TSimd.Load(totals + TSimd.Count)));
            TSimd.Store(totals + 2 * TSimd.Count, TSimd.MultiplyAdd(sum2, TSimd.Broadcast(scales2 is null ? outer : scales2[block] * outer), TSimd.Load(totals + 2 * TSimd.Count)));
            TSimd.Store(totals + 3 * TSimd.Count, TSimd.MultiplyAdd(sum3, TSimd.Broadcast(scales3 is null ? outer : scales3[block] * outer), TSimd.Load(totals + 3 * TSimd.Count)));
        }

        y[row] = TSimd.Sum(TSimd.Load(totals));
        y[row + far] = TSimd.Sum(TSimd.Load(totals + TSimd.Count));
        y[row + 2 * far] = TSimd.Sum(TSimd.Load(totals + 2 * TSimd.Count));
        y[row + 3 * far] = TSimd.Sum(TSimd.Load(totals + 3 * TSimd.Count));
    }

    /// <summary>The input in the order in which the format's elements come when they are widened. Rows end in zeros up to a multiple of 64.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Arrange<TFormat>(float* x, int count, float* destination)
        where TFormat : struct, IWeightFormat<TVector>
    {
        TVector factor = TSimd.Broadcast(Inner<TFormat>());
        for (nint k = 0; k < count; k += 4 * TSimd.Count)
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

            TSimd.Store(destination + k, a);
            TSimd.Store(destination + k + TSimd.Count, b);
            TSimd.Store(destination + k + 2 * TSimd.Count, c);
            TSimd.Store(destination + k + 3 * TSimd.Count, d);
        }
    }

    /// <summary>One row times one token. A scale block is summed on its own, then added with its scale: one multiplication a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static float Dot<TFormat>(byte* weights, float* scales, int blockColumns, float* x, float* xScales, int columns)
        where TFormat : struct, IWeightFormat<TVector>
    {
        int step = 4 * TSimd.Count;
        TVector total = TSimd.Zero;
        int block = 0;
        for (int k = 0; k < columns;)
        {
            int end = Math.Min(columns, (block + 1) * blockColumns);
            float scale = scales is null ? 1 : scales[block];
            if (xScales is not null)
            {
                int group = k / ActivationGroup;
                end = Math.Min(end, (group + 1) * ActivationGroup);
                scale *= xScales[group];
            }

            if (end == (block + 1) * blockColumns)
            {
                block++;
            }

            TVector sum0 = TSimd.Zero;
            TVector sum1 = TSimd.Zero;
            TVector sum2 = TSimd.Zero;
            TVector sum3 = TSimd.Zero;
            for (; k + step <= end; k += step)
            {
                byte* at = weights + (nint)k * TFormat.ElementBytes;
                if (Sse.IsSupported)
                {
                    Sse.Prefetch0(at + PrefetchBytes);
                    if (TFormat.ElementBytes * step > 64)
                    {
                        Sse.Prefetch0(at + PrefetchBytes + 64);
                    }
                }

                TFormat.Widen(at, out TVector a, out TVector b, out TVector c, out TVector d);
                float* input = x + k;
                sum0 = TSimd.MultiplyAdd(a, TSimd.Load(input), sum0);
                sum1 = TSimd.MultiplyAdd(b, TSimd.Load(input + TSimd.Count), sum1);
                sum2 = TSimd.MultiplyAdd(c, TSimd.Load(input + 2 * TSimd.Count), sum2);
                sum3 = TSimd.MultiplyAdd(d, TSimd.Load(input + 3 * TSimd.Count), sum3);
            }

            TVector sum = TSimd.Add(TSimd.Add(sum0, sum1), TSimd.Add(sum2, sum3));
            total = TSimd.MultiplyAdd(sum, TSimd.Broadcast(scale), total);
            if (k < end)
            {
                // Only the row's last columns are fewer than a step.
                total = TSimd.MultiplyAdd(LastStep<TFormat>(weights + (nint)k * TFormat.ElementBytes, (end - k) * TFormat.ElementBytes, x + k), TSimd.Broadcast(scale), total);
                k = end;
            }
        }

        return TSimd.Sum(total);
    }

    /// <summary>Fewer bytes than a step takes: from a copy that ends in zeros, so that nothing past the row is read.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static TVector LastStep<TFormat>(byte* weights, int bytes, float* x)
        where TFormat : struct, IWeightFormat<TVector>
    {
        byte* copy = stackalloc byte[64 * 4];
        new Span<byte>(copy, 64 * 4).Clear();
        Buffer.MemoryCopy(weights, copy, 64 * 4, bytes);
        TFormat.Widen(copy, out TVector a, out TVector b, out TVector c, out TVector d);
        TVector sum = TSimd.Multiply(a, TSimd.Load(x));
        sum = TSimd.MultiplyAdd(b, TSimd.Load(x + TSimd.Count), sum);
        sum = TSimd.MultiplyAdd(c, TSimd.Load(x + 2 * TSimd.Count), sum);
        return TSimd.MultiplyAdd(d, TSimd.Load(x + 3 * TSimd.Count), sum);
    }
}
