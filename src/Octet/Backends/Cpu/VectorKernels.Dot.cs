using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Octet.Backends.Cpu.MachineCode;

namespace Octet.Backends.Cpu;

/// <summary>Few tokens (decode): every row of weights is widened in registers and multiplied with each token.</summary>
sealed unsafe partial class VectorKernels<TSimd, TVector, TE4M3>
{
    const int MostDotTokens = 3;

    // Far enough ahead that a line has arrived when the walk over the rows does; beyond a row it is the next one's.
    const int PrefetchBytes = 4096;
    const int FarPrefetchBytes = 1024;

    // Rows of each walk in one call: their sums are few enough for the first cache level; for several tokens the rows stay in the second.
    const int WalkRows = FourDotsBlock.MostRows;
    const int SharedRowBytes = 128 << 10;
    const int NextWalksBytes = 2048;

    // So many rows are worth a copy of the input that has their scales in it.
    const int FewestRowsOfScales = 16;

    const int Walks = DotsFunctions.Walks;

    // Floats between the sums of two walks: each row's is a vector at first.
    static int WalkSums => WalkRows * TSimd.Count;

    // Inputs in order; the same times scales; the sums of all walks, and a vector more for Fold.
    static int DotScratch(int columns) => 2 * MostDotTokens * ArrangedStride(columns) + Walks * WalkSums + TSimd.Count;

    void Dots<TFormat>(CpuWeight weight, long first, long end, in LinearInput x, float* y, int yStride, float* scratch)
        where TFormat : struct, IWeightFormat<TVector>
    {
        int columns = weight.Columns;
        int stride = ArrangedStride(columns);
        float* scaled = scratch + MostDotTokens * stride;
        float* sums = scaled + MostDotTokens * stride;
        float* arranged = (float*)x.Prepared;
        if (arranged is null || !IsArrangedFor<TFormat>())
        {
            arranged = scratch;
            ArrangeTokens<TFormat>(x, 0, x.Rows, columns, arranged);
        }

        bool inBlocks = weight.BlockColumns < columns;
        bool scalesInput = inBlocks && weight.BlockRows >= FewestRowsOfScales;
        bool inWalks = x.Scales is null && columns % FourDotsStep<TFormat>() == 0 && (!inBlocks || scalesInput || weight.BlockColumns % FourDotsStep<TFormat>() == 0);
        DotsFunctions? generated = GeneratedDots<TFormat>();
        bool scalesSums = typeof(TFormat) == typeof(TE4M3) && generated is not null && CanScale(generated, weight);
        if (scalesSums)
        {
            ScaledDots(generated!, weight, first, end, x, arranged, inGroups: false, y, yStride, scaled, sums);
            return;
        }

        for (long row = first; row < end;)
        {
            // Rows with the same scales, or all where each has its own.
            long stop = weight.BlockRows == 1 ? end : Math.Min(end, (row / weight.BlockRows + 1) * weight.BlockRows);
            if (inWalks && stop - row >= Walks)
            {
                long far = (stop - row) / Walks;
                if (scalesInput)
                {
                    float unit = PowerNear(weight.Scales(row), (columns + weight.BlockColumns - 1) / weight.BlockColumns);
                    for (int t = 0; t < x.Rows; t++)
                    {
                        ScaleInput(arranged + (nint)t * stride, 0, columns, weight.Scales(row), weight.BlockColumns, 1 / unit, scaled + (nint)t * stride, 1);
                    }

                    DistantDots<TFormat>(weight, row, far, scaled, stride, x.Rows, &unit, y, yStride, sums);
                }
                else
                {
                    float one = 1;
                    bool oneScale = !inBlocks && (!weight.IsScaled || weight.BlockRows > 1);
                    DistantDots<TFormat>(weight, row, far, arranged, stride, x.Rows, !oneScale ? null : weight.IsScaled ? weight.Scales(row) : &one, y, yStride, sums);
                }

                row += Walks * far;
            }

            for (; row < stop; row++)
            {
                for (int t = 0; t < x.Rows; t++)
                {
                    float* inputScales = x.Scales is null ? null : x.Scales + (nint)t * x.ScaleStride;
                    y[(nint)t * yStride + row] = Dot<TFormat>(weight.Row(row), weight.Scales(row), weight.BlockColumns, arranged + (nint)t * stride, inputScales, columns);
                }
            }
        }
    }

    /// <summary>Rows [row, row + Walks * far) times <paramref name="tokens"/> tokens, in walks of <paramref name="far"/> rows.</summary>
    /// <param name="weight">The matrix.</param>
    /// <param name="row">The first row.</param>
    /// <param name="far">Rows of a walk.</param>
    /// <param name="x">Arranged tokens, <paramref name="xStride"/> floats apart.</param>
    /// <param name="xStride">Floats.</param>
    /// <param name="tokens">How many.</param>
    /// <param name="scale">What all sums are multiplied with, or null: every row has a scale, or scales, of its own.</param>
    /// <param name="y">Output of the first token, of row 0.</param>
    /// <param name="yStride">Floats between the outputs of two tokens.</param>
    /// <param name="sums">Memory.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void DistantDots<TFormat>(CpuWeight weight, long row, long far, float* x, int xStride, int tokens, float* scale, float* y, int yStride, float* sums)
        where TFormat : struct, IWeightFormat<TVector>
    {
        int columns = weight.Columns;
        nint rowBytes = (nint)columns * TFormat.ElementBytes;
        nint apart = (nint)far * rowBytes;
        bool blockEnds = scale is null && weight.BlockColumns < columns;
        int most = blockEnds ? 1 : tokens == 1 ? WalkRows : (int)Math.Clamp(SharedRowBytes / (Walks * rowBytes), 1, WalkRows);
        for (long end = row + far; row < end; row += most)
        {
            int rows = (int)Math.Min(most, end - row);
            byte* w = weight.Row(row);
            for (int t = 0; t < tokens; t++, x += xStride, y += yStride)
            {
                if (blockEnds)
                {
                    DistantDotsInBlocks<TFormat>(weight, row, far, x, y, sums);
                    continue;
                }

                Walk<TFormat>(rows, columns, w, apart, x, 0, sums);
                if (t == 0 && row + rows == end && row + rows + (Walks - 1) * far < weight.Rows)
                {
                    PrefetchWalks(weight.Row(row + rows + (Walks - 1) * far), apart, Walks);
                }

                for (int walk = 0; walk < Walks; walk++)
                {
                    long at = row + walk * far;
                    ScaleSums(sums + walk * WalkSums, rows, TFormat.HalfUnit, scale, scale is null ? weight.Scales(at) : null, y + at);
                }
            }

            x -= (nint)tokens * xStride;
            y -= (nint)tokens * yStride;
        }
    }

    /// <summary>y = sums times <paramref name="factor"/>, then times <paramref name="scale"/>, or each its own of <paramref name="scales"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void ScaleSums(float* sums, int count, float factor, float* scale, float* scales, float* y)
    {
        TVector before = TSimd.Broadcast(factor);
        TVector all = TSimd.Broadcast(scale is null ? 1 : *scale);
        int whole = count - count % TSimd.Count;
        for (int i = 0; i < whole; i += TSimd.Count)
        {
            TSimd.Store(y + i, TSimd.Multiply(TSimd.Multiply(TSimd.Load(sums + i), before), scale is null ? TSimd.Load(scales + i) : all));
        }

        for (int i = whole; i < count; i++)
        {
            y[i] = sums[i] * factor * (scale is null ? scales[i] : *scale);
        }
    }

    /// <summary>Rows row, row + far and so on, one of each walk, times one token, block by block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void DistantDotsInBlocks<TFormat>(CpuWeight weight, long row, long far, float* x, float* y, float* sums)
        where TFormat : struct, IWeightFormat<TVector>
    {
        nint apart = (nint)far * weight.Columns * TFormat.ElementBytes;
        byte* w = weight.Row(row);
        for (long at = row; at < row + Walks * far; at += far)
        {
            y[at] = 0;
        }

        int block = 0;
        for (int left = weight.Columns; left > 0;)
        {
            // The last block of a row may be narrower.
            int width = Math.Min(weight.BlockColumns, left);
            int blocks = Math.Min(left / width, WalkRows);
            Walk<TFormat>(blocks, width, w, apart, x, width, sums);
            for (int walk = 0; walk < Walks; walk++)
            {
                float* sum = sums + walk * WalkSums;
                long at = row + walk * far;
                float* scales = weight.Scales(at) + block;
                for (int i = 0; i < blocks; i++)
                {
                    y[at] += sum[i] * TFormat.HalfUnit * scales[i];
                }
            }

            block += blocks;
            left -= blocks * width;
            w += blocks * width * TFormat.ElementBytes;
            x += blocks * width;
        }
    }

    /// <summary>
    /// Sums of <paramref name="rows"/> rows after one another from each of several places, <paramref name="apart"/> bytes apart: [place],
    /// <see cref="WalkSums"/> apart, [row]. From row to row the input goes on by <paramref name="xStep"/>.
    /// </summary>
    /// <remarks>
    /// Memory gives more to distant walks than to one (a page's end stalls only its own), and their sums hide the latency of the
    /// additions.
    /// </remarks>
    void Walk<TFormat>(int rows, int columns, byte* w, nint apart, float* x, nint xStep, float* sums)
        where TFormat : struct, IWeightFormat<TVector>
    {
        if (GeneratedDots<TFormat>() is not { } functions)
        {
            FourDots<TFormat>(rows, columns, w, w + apart, w + 2 * apart, w + 3 * apart, x, x, x, x, xStep, sums);
            FoldWalks(rows, sums);
            return;
        }

        DotsRun run = new()
        {
            First = w,
            Apart = apart,
            Inputs = x,
            Sums = sums,
            Rows = rows,
            Steps = columns / FourDotsStep<TFormat>(),
            InputMove = (xStep - columns) * sizeof(float),
        };
        if (typeof(TFormat) == typeof(TE4M3))
        {
            functions.MultiplyE4M3(run);
        }
        else
        {
            functions.MultiplyBFloat16(run);
        }

        if (functions.LeavesLanes)
        {
            FoldWalks(rows, sums);
        }
    }

    /// <summary>Generated code for the format, if there is any.</summary>
    DotsFunctions? GeneratedDots<TFormat>()
        where TFormat : struct, IWeightFormat<TVector>
        => typeof(TFormat) == typeof(RawE4M3Weights) || typeof(TFormat) == typeof(VbmiE4M3Weights) || typeof(TFormat) == typeof(BFloat16Weights<TSimd, TVector>)
            ? dots?.Invoke()
            : null;

    static void FoldWalks(int rows, float* sums)
    {
        for (int walk = 0; walk < Walks; walk++)
        {
            Fold(sums + walk * WalkSums, rows * TSimd.Count);
        }
    }

    /// <summary>
    /// Asks for the first lines of the next walks while the sums of those before them are finished: what a walk itself asks for ahead ends, at its
    /// end, in the next of them, which has been read.
    /// </summary>
    static void PrefetchWalks(byte* w, nint apart, int walks)
    {
        if (Sse.IsSupported)
        {
            for (int walk = 0; walk < walks; walk++, w += apart)
            {
                for (int line = 0; line < NextWalksBytes / walks; line += 64)
                {
                    Sse.Prefetch0(w + line);
                }
            }
        }
    }

    /// <summary>Sums, a vector each: [place], <see cref="WalkSums"/> apart, [row].</summary>

    /// <remarks>
    /// The input comes in through four pointers, all the same: the compiler would keep what it reads twice in registers, and there are
    /// none left. What is needed only between rows stays out of here for the same reason.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    static void FourDots<TFormat>(nint rows, nint columns, byte* w0, byte* w1, byte* w2, byte* w3, float* x0, float* x1, float* x2, float* x3, nint xStep, float* sums)
        where TFormat : struct, IWeightFormat<TVector>
    {
        nint apart = WalkSums;
        do
        {
            TVector a0 = TSimd.Zero, a1 = TSimd.Zero, a2 = TSimd.Zero, a3 = TSimd.Zero;
            TVector b0 = TSimd.Zero, b1 = TSimd.Zero, b2 = TSimd.Zero, b3 = TSimd.Zero;
            nint left = columns;
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
            while (left > 0);

            TSimd.Store(sums, TSimd.Add(a0, b0));
            TSimd.Store(sums + apart, TSimd.Add(a1, b1));
            TSimd.Store(sums + 2 * apart, TSimd.Add(a2, b2));
            TSimd.Store(sums + 3 * apart, TSimd.Add(a3, b3));
            sums += TSimd.Count;
            x0 += xStep - columns;
            x1 += xStep - columns;
            x2 += xStep - columns;
            x3 += xStep - columns;
        }
        while (--rows > 0);
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
        TVector factor = TSimd.Broadcast(TFormat.HalfUnit);
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
