using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Octet.Backends.Cpu;

/// <summary>Few tokens (decode): every row of weights is widened in registers and multiplied with each token.</summary>
sealed unsafe partial class VectorKernels<TSimd, TVector, TE4M3>
{
    // Far enough ahead that a line has arrived when the walk over the rows does; beyond a row it is the next one's.
    const int PrefetchBytes = 4096;
    const int FarPrefetchBytes = 1024;

    // Rows of each walk in one call: their sums are few enough for the first cache level.
    const int FourDotsRows = 16;

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
            Arrange<TFormat>(x.Data + (nint)t * x.Stride, stride, arranged + (nint)t * stride, TSimd.Count);
        }

        long row = first;
        if (x.Scales is null && columns % FourDotsStep<TFormat>() == 0 && (weight.BlockColumns >= columns || weight.BlockColumns % FourDotsStep<TFormat>() == 0))
        {
            long far = (end - first) / 4;
            while (row < first + far)
            {
                int rows = x.Rows > 1 ? 1 : (int)Math.Min(first + far - row, FourDotsRows);
                if (weight.BlockColumns < columns)
                {
                    for (int i = 0; i < 4; i++)
                    {
                        rows = (int)Math.Min(rows, weight.BlockRows - (row + i * far) % weight.BlockRows);
                    }
                }

                for (int t = 0; t < x.Rows; t++)
                {
                    FourDots<TFormat>(weight, row, far, rows, arranged + (nint)t * stride, y + (nint)t * yStride);
                }

                row += rows;
            }

            row = first + 4 * far;
        }

        for (; row < end; row++)
        {
            for (int t = 0; t < x.Rows; t++)
            {
                float* inputScales = x.Scales is null ? null : x.Scales + (nint)t * x.ScaleStride;
                y[(nint)t * yStride + row] = Dot<TFormat>(weight.Row(row), weight.Scales(row), weight.BlockColumns, arranged + (nint)t * stride, inputScales, columns);
            }
        }
    }

    /// <summary>
    /// Rows <paramref name="row"/>, row + far, row + 2 far, row + 3 far and the <paramref name="rows"/> - 1 after each times one token.
    /// The rows after each have its scales, unless a scale is a whole row's.
    /// </summary>
    [SkipLocalsInit]
    static void FourDots<TFormat>(CpuWeight weight, long row, long far, int rows, float* x, float* y)
        where TFormat : struct, IWeightFormat<TVector>
    {
        int columns = weight.Columns;
        nint apart = (nint)far * columns * TFormat.ElementBytes;
        byte* w = weight.Row(row);
        float one = 1;
        float** scales = stackalloc float*[4];
        for (int i = 0; i < 4; i++)
        {
            scales[i] = weight.BlockColumns < columns ? weight.Scales(row + i * far) : &one;
        }

        // Whole cache lines, and one vector more for Fold.
        const int Line = 64;
        int vectors = 4 * rows;
        byte* memory = stackalloc byte[(4 * FourDotsRows + 1) * 16 * sizeof(float) + Line];
        float* sums = (float*)(((nint)memory + Line - 1) / Line * Line);
        new Span<float>(sums, vectors * TSimd.Count).Clear();
        FourDots<TFormat>(rows, columns, Math.Min(columns, weight.BlockColumns), w, w + apart, w + 2 * apart, w + 3 * apart, x, x, x, x, scales, sums);
        Fold(sums, vectors * TSimd.Count);
        bool rowScales = weight.BlockColumns >= columns && weight.IsScaled;
        for (int r = 0; r < rows; r++)
        {
            for (long at = row + r; at < row + 4 * far; at += far)
            {
                y[at] = *sums++ * (rowScales ? *weight.Scales(at) : 1);
            }
        }
    }

    /// <summary>Adds the products of four rows, then of the next four, and so on, to <paramref name="sums"/>, a vector for each row.</summary>
    /// <remarks>
    /// Memory gives more to four distant walks than to one (a page's end stalls only its own), and eight sums hide the latency of the
    /// additions. The input comes in through four pointers, all the same: the compiler would keep what it reads twice in registers,
    /// and there are none left. What is needed only between rows stays out of here for the same reason.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    static void FourDots<TFormat>(
        int rows, int columns, int blockColumns, byte* w0, byte* w1, byte* w2, byte* w3, float* x0, float* x1, float* x2, float* x3, float** scales, float* sums)
        where TFormat : struct, IWeightFormat<TVector>
    {
        TVector factor = TSimd.Broadcast(Outer<TFormat>());
        for (; rows > 0; rows--)
        {
            nint block = 0;
            int left = columns;
            do
            {
                int end = left - Math.Min(left, blockColumns);
                TVector a0 = TSimd.Zero, a1 = TSimd.Zero, a2 = TSimd.Zero, a3 = TSimd.Zero;
                TVector b0 = TSimd.Zero, b1 = TSimd.Zero, b2 = TSimd.Zero, b3 = TSimd.Zero;
                do
                {
                    if (Sse.IsSupported)
                    {
                        Sse.Prefetch0(w0 + FarPrefetchBytes);
                        Sse.Prefetch0(w1 + FarPrefetchBytes);
                        Sse.Prefetch0(w2 + FarPrefetchBytes);
                        Sse.Prefetch0(w3 + FarPrefetchBytes);
                    }

                    AddProducts<TFormat>(w0, x0, ref a0, ref b0);
                    AddProducts<TFormat>(w1, x1, ref a1, ref b1);
                    AddProducts<TFormat>(w2, x2, ref a2, ref b2);
                    AddProducts<TFormat>(w3, x3, ref a3, ref b3);

                    // Written out: the compiler leaves loops as they are, and a loop of two turns costs as much as what is in it.
                    if (FourDotsStep<TFormat>() > Step)
                    {
                        AddProducts<TFormat>(w0 + Step * TFormat.ElementBytes, x0 + Step, ref a0, ref b0);
                        AddProducts<TFormat>(w1 + Step * TFormat.ElementBytes, x1 + Step, ref a1, ref b1);
                        AddProducts<TFormat>(w2 + Step * TFormat.ElementBytes, x2 + Step, ref a2, ref b2);
                        AddProducts<TFormat>(w3 + Step * TFormat.ElementBytes, x3 + Step, ref a3, ref b3);
                    }

                    if (FourDotsStep<TFormat>() > 2 * Step)
                    {
                        AddProducts<TFormat>(w0 + 2 * Step * TFormat.ElementBytes, x0 + 2 * Step, ref a0, ref b0);
                        AddProducts<TFormat>(w1 + 2 * Step * TFormat.ElementBytes, x1 + 2 * Step, ref a1, ref b1);
                        AddProducts<TFormat>(w2 + 2 * Step * TFormat.ElementBytes, x2 + 2 * Step, ref a2, ref b2);
                        AddProducts<TFormat>(w3 + 2 * Step * TFormat.ElementBytes, x3 + 2 * Step, ref a3, ref b3);
                        AddProducts<TFormat>(w0 + 3 * Step * TFormat.ElementBytes, x0 + 3 * Step, ref a0, ref b0);
                        AddProducts<TFormat>(w1 + 3 * Step * TFormat.ElementBytes, x1 + 3 * Step, ref a1, ref b1);
                        AddProducts<TFormat>(w2 + 3 * Step * TFormat.ElementBytes, x2 + 3 * Step, ref a2, ref b2);
                        AddProducts<TFormat>(w3 + 3 * Step * TFormat.ElementBytes, x3 + 3 * Step, ref a3, ref b3);
                    }

                    w0 += FourDotsStep<TFormat>() * TFormat.ElementBytes;
                    w1 += FourDotsStep<TFormat>() * TFormat.ElementBytes;
                    w2 += FourDotsStep<TFormat>() * TFormat.ElementBytes;
                    w3 += FourDotsStep<TFormat>() * TFormat.ElementBytes;
                    x0 += FourDotsStep<TFormat>();
                    x1 += FourDotsStep<TFormat>();
                    x2 += FourDotsStep<TFormat>();
                    x3 += FourDotsStep<TFormat>();
                    left -= FourDotsStep<TFormat>();
                }
                while (left > end);

                TSimd.Store(sums, TSimd.MultiplyAdd(TSimd.Multiply(TSimd.Add(a0, b0), factor), TSimd.Broadcast(scales[0][block]), TSimd.Load(sums)));
                TSimd.Store(sums + TSimd.Count, TSimd.MultiplyAdd(TSimd.Multiply(TSimd.Add(a1, b1), factor), TSimd.Broadcast(scales[1][block]), TSimd.Load(sums + TSimd.Count)));
                TSimd.Store(sums + 2 * TSimd.Count, TSimd.MultiplyAdd(TSimd.Multiply(TSimd.Add(a2, b2), factor), TSimd.Broadcast(scales[2][block]), TSimd.Load(sums + 2 * TSimd.Count)));
                TSimd.Store(sums + 3 * TSimd.Count, TSimd.MultiplyAdd(TSimd.Multiply(TSimd.Add(a3, b3), factor), TSimd.Broadcast(scales[3][block]), TSimd.Load(sums + 3 * TSimd.Count)));
                block++;
            }
            while (left > 0);

            sums += 4 * TSimd.Count;
            x0 -= columns;
            x1 -= columns;
            x2 -= columns;
            x3 -= columns;
        }
    }

    // A cache line of a row, or what one widening takes where that is more.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int FourDotsStep<TFormat>()
        where TFormat : struct, IWeightFormat<TVector>
        => Math.Max(64 / TFormat.ElementBytes, 4 * TSimd.Count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void AddProducts<TFormat>(byte* w, float* x, ref TVector sum, ref TVector other)
        where TFormat : struct, IWeightFormat<TVector>
    {
        TFormat.Widen(w, out TVector a, out TVector b, out TVector c, out TVector d);
        sum = TSimd.MultiplyAdd(a, TSimd.Load(x), sum);
        other = TSimd.MultiplyAdd(b, TSimd.Load(x + TSimd.Count), other);
        sum = TSimd.MultiplyAdd(c, TSimd.Load(x + 2 * TSimd.Count), sum);
        other = TSimd.MultiplyAdd(d, TSimd.Load(x + 3 * TSimd.Count), other);
    }

    /// <summary>
    /// The input in the order in which the format's elements come when they are widened: four vectors a step, each <paramref name="apart"/>
    /// floats from the one before. Rows end in zeros up to a multiple of 64.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Arrange<TFormat>(float* x, int count, float* destination, int apart)
        where TFormat : struct, IWeightFormat<TVector>
    {
        TVector factor = TSimd.Broadcast(Inner<TFormat>());
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

    /// <summary>In place: value i = the sum of vector i. <paramref name="count"/> floats are whole vectors; one more vector may be read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Fold(float* values, int count)
    {
        // Neighbours are added until one is left of each vector.
        for (int left = TSimd.Count; left > 1; left /= 2)
        {
            for (int i = 0; i < count; i += 2 * TSimd.Count)
            {
                TSimd.Deinterleave(TSimd.Load(values + i), TSimd.Load(values + i + TSimd.Count), out TVector even, out TVector odd);
                TSimd.Store(values + i / 2, TSimd.Add(even, odd));
            }

            count = (count + 1) / 2;
        }
    }

    /// <summary>One row times one token. A scale block is summed on its own, then added with its scale: one multiplication a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static float Dot<TFormat>(byte* weights, float* scales, int blockColumns, float* x, float* xScales, int columns)
        where TFormat : struct, IWeightFormat<TVector>
    {
        int step = 4 * TSimd.Count;
        TVector factor = TSimd.Broadcast(Outer<TFormat>());
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

            TVector sum = TSimd.Multiply(TSimd.Add(TSimd.Add(sum0, sum1), TSimd.Add(sum2, sum3)), factor);
            total = TSimd.MultiplyAdd(sum, TSimd.Broadcast(scale), total);
            if (k < end)
            {
                // Only the row's last columns are fewer than a step.
                TVector last = LastStep<TFormat>(weights + (nint)k * TFormat.ElementBytes, (end - k) * TFormat.ElementBytes, x + k);
                total = TSimd.MultiplyAdd(TSimd.Multiply(last, factor), TSimd.Broadcast(scale), total);
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
