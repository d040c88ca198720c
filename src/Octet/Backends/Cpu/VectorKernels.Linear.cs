using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Octet.Backends.Cpu;

sealed unsafe partial class VectorKernels<TSimd, TVector>
{
    // A panel of weights, widened and scaled once, serves every token of the batch: 16 rows x 1024 columns of float32 are 64 KB, which
    // the second-level cache holds. Narrower ones would fit the first level, but then adding up a tile's vectors costs more than it saves.
    const int PanelRows = 16;
    const int PanelColumns = 1024;

    // Far enough ahead of a plain walk over one row that the line is there when the walk arrives; beyond a row it is the next one's start.
    const int PrefetchBytes = 2048;

    internal override void WidenRow(CpuWeight weight, long row, float* destination)
    {
        switch (weight.Format)
        {
            case WeightFormat.E4M3: WidenColumns<E4M3Weights<TSimd, TVector>>(weight, row, 0, weight.Columns, true, destination); break;
            case WeightFormat.BFloat16: WidenColumns<BFloat16Weights<TSimd, TVector>>(weight, row, 0, weight.Columns, true, destination); break;
            case WeightFormat.Float16: WidenColumns<HalfWeights<TSimd, TVector>>(weight, row, 0, weight.Columns, true, destination); break;
            default: WidenColumns<SingleWeights<TSimd, TVector>>(weight, row, 0, weight.Columns, true, destination); break;
        }
    }

    internal override void Linear(CpuWeight weight, long first, long end, in LinearInput x, float* y, int yStride, float* scratch)
    {
        switch (weight.Format)
        {
            case WeightFormat.E4M3: Linear<E4M3Weights<TSimd, TVector>>(weight, first, end, x, y, yStride, scratch); break;
            case WeightFormat.BFloat16: Linear<BFloat16Weights<TSimd, TVector>>(weight, first, end, x, y, yStride, scratch); break;
            case WeightFormat.Float16: Linear<HalfWeights<TSimd, TVector>>(weight, first, end, x, y, yStride, scratch); break;
            default: Linear<SingleWeights<TSimd, TVector>>(weight, first, end, x, y, yStride, scratch); break;
        }
    }

    static void Linear<TFormat>(CpuWeight weight, long first, long end, in LinearInput x, float* y, int yStride, float* scratch)
        where TFormat : struct, IWeightFormat<TVector>
    {
        if (x.Rows == 1)
        {
            for (long row = first; row < end; row++)
            {
                y[row] = Dot<TFormat>(weight.Row(row), weight.Scales(row), weight.BlockColumns, x.Data, x.Scales, weight.Columns);
            }

            return;
        }

        for (long row = first; row < end; row += PanelRows)
        {
            Panel<TFormat>(weight, row, (int)Math.Min(PanelRows, end - row), x, y, yStride, scratch);
        }
    }

    /// <summary>One row times one token. A scale block is summed on its own, then added with its scale: one multiplication a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static float Dot<TFormat>(byte* weights, float* scales, int blockColumns, float* x, float* xScales, int columns)
        where TFormat : struct, IWeightFormat<TVector>
    {
        int step = 4 * TSimd.Count;
        TVector total = TSimd.Zero;
        float rest = 0;
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
                rest += scale * TailDot<TFormat>(weights + (nint)k * TFormat.ElementBytes, x + k, end - k);
                k = end;
            }
        }

        return TSimd.Sum(total) + rest;
    }

    /// <summary>Fewer weights than a step: zero-padded copies, so that nothing past the block is read.</summary>
    static float TailDot<TFormat>(byte* weights, float* x, int count)
        where TFormat : struct, IWeightFormat<TVector>
    {
        byte* tail = stackalloc byte[64 * 4];
        CopyTail(weights, count * TFormat.ElementBytes, tail);
        TFormat.Widen(tail, out TVector a, out TVector b, out TVector c, out TVector d);
        float* widened = stackalloc float[64];
        TSimd.Store(widened, a);
        TSimd.Store(widened + TSimd.Count, b);
        TSimd.Store(widened + 2 * TSimd.Count, c);
        TSimd.Store(widened + 3 * TSimd.Count, d);
        float sum = 0;
        for (int i = 0; i < count; i++)
        {
            sum += widened[i] * x[i];
        }

        return sum;
    }

    static void CopyTail(byte* source, int bytes, byte* tail)
    {
        new Span<byte>(tail, 64 * 4).Clear();
        Buffer.MemoryCopy(source, tail, 64 * 4, bytes);
    }

    /// <summary>Up to 16 rows times every token: columns in blocks that stay in cache, tiles of 4 rows x 3 tokens in registers.</summary>
    static void Panel<TFormat>(CpuWeight weight, long row, int rows, in LinearInput x, float* y, int yStride, float* panel)
        where TFormat : struct, IWeightFormat<TVector>
    {
        int columns = weight.Columns;
        float* factors = stackalloc float[PanelRows];
        for (int k = 0; k < columns;)
        {
            // With quantised input a column block is one activation group inside one scale block: both scales multiply its sum.
            int end = Math.Min(columns, k + PanelColumns);
            int group = k / ActivationGroup;
            if (x.Scales is not null)
            {
                end = Math.Min(Math.Min(end, (group + 1) * ActivationGroup), (k / weight.BlockColumns + 1) * weight.BlockColumns);
            }

            int width = (end - k + TSimd.Count - 1) / TSimd.Count * TSimd.Count;
            for (int r = 0; r < PanelRows; r++)
            {
                float* line = panel + r * PanelColumns;
                factors[r] = 1;
                if (r >= rows)
                {
                    new Span<float>(line, width).Clear();
                    continue;
                }

                WidenColumns<TFormat>(weight, row + r, k, end, x.Scales is null, line);
                new Span<float>(line + (end - k), width - (end - k)).Clear();
                if (x.Scales is not null && weight.IsScaled)
                {
                    factors[r] = weight.Scales(row + r)[k / weight.BlockColumns];
                }
            }

            bool add = k > 0;
            for (int t = 0; t < x.Rows; t += 3)
            {
                int tokens = Math.Min(3, x.Rows - t);
                float* input0 = x.Data + (nint)t * x.Stride + k;
                float* input1 = tokens > 1 ? input0 + x.Stride : input0;
                float* input2 = tokens > 2 ? input1 + x.Stride : input0;
                float* output = y + (nint)t * yStride + row;
                float scale0 = 1;
                float scale1 = 1;
                float scale2 = 1;
                if (x.Scales is not null)
                {
                    float* scales = x.Scales + (nint)t * x.ScaleStride + group;
                    scale0 = scales[0];
                    scale1 = tokens > 1 ? scales[x.ScaleStride] : 0;
                    scale2 = tokens > 2 ? scales[2 * (nint)x.ScaleStride] : 0;
                }

                for (int r = 0; r < rows; r += 4)
                {
                    Tile(panel + r * PanelColumns, input0, input1, input2, width, output + r, yStride, Math.Min(4, rows - r), tokens, factors + r, scale0, scale1, scale2, add);
                }
            }

            k = end;
        }
    }

    /// <summary>4 rows of the panel times 3 tokens over <paramref name="width"/> columns: 12 sums in registers, 7 loads for 12 products.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    static void Tile(
        float* panel, float* x0, float* x1, float* x2, int width, float* y, int yStride, int rows, int tokens,
        float* factors, float scale0, float scale1, float scale2, bool add)
    {
        TVector s00 = TSimd.Zero, s01 = TSimd.Zero, s02 = TSimd.Zero;
        TVector s10 = TSimd.Zero, s11 = TSimd.Zero, s12 = TSimd.Zero;
        TVector s20 = TSimd.Zero, s21 = TSimd.Zero, s22 = TSimd.Zero;
        TVector s30 = TSimd.Zero, s31 = TSimd.Zero, s32 = TSimd.Zero;
        for (nint k = 0; k < width; k += TSimd.Count)
        {
            TVector a = TSimd.Load(x0 + k);
            TVector b = TSimd.Load(x1 + k);
            TVector c = TSimd.Load(x2 + k);
            TVector w = TSimd.Load(panel + k);
            s00 = TSimd.MultiplyAdd(w, a, s00);
            s01 = TSimd.MultiplyAdd(w, b, s01);
            s02 = TSimd.MultiplyAdd(w, c, s02);
            w = TSimd.Load(panel + PanelColumns + k);
            s10 = TSimd.MultiplyAdd(w, a, s10);
            s11 = TSimd.MultiplyAdd(w, b, s11);
            s12 = TSimd.MultiplyAdd(w, c, s12);
            w = TSimd.Load(panel + 2 * PanelColumns + k);
            s20 = TSimd.MultiplyAdd(w, a, s20);
            s21 = TSimd.MultiplyAdd(w, b, s21);
            s22 = TSimd.MultiplyAdd(w, c, s22);
            w = TSimd.Load(panel + 3 * PanelColumns + k);
            s30 = TSimd.MultiplyAdd(w, a, s30);
            s31 = TSimd.MultiplyAdd(w, b, s31);
            s32 = TSimd.MultiplyAdd(w, c, s32);
        }

        // All sums leave their registers before anything is called: a vector that lives across a call is spilled inside the loop too.
        float* sums = stackalloc float[12];
        sums[0] = TSimd.Sum(s00);
        sums[1] = TSimd.Sum(s10);
        sums[2] = TSimd.Sum(s20);
        sums[3] = TSimd.Sum(s30);
        sums[4] = TSimd.Sum(s01);
        sums[5] = TSimd.Sum(s11);
        sums[6] = TSimd.Sum(s21);
        sums[7] = TSimd.Sum(s31);
        sums[8] = TSimd.Sum(s02);
        sums[9] = TSimd.Sum(s12);
        sums[10] = TSimd.Sum(s22);
        sums[11] = TSimd.Sum(s32);
        for (int t = 0; t < tokens; t++, y += yStride)
        {
            float scale = t == 0 ? scale0 : t == 1 ? scale1 : scale2;
            for (int r = 0; r < rows; r++)
            {
                float sum = sums[t * 4 + r] * (factors[r] * scale);
                y[r] = add ? y[r] + sum : sum;
            }
        }
    }

    /// <summary>destination[0, end - first) = columns [first, end) of a row, times their scales when <paramref name="scaled"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    static void WidenColumns<TFormat>(CpuWeight weight, long row, int first, int end, bool scaled, float* destination)
        where TFormat : struct, IWeightFormat<TVector>
    {
        int step = 4 * TSimd.Count;
        byte* data = weight.Row(row);
        float* scales = scaled ? weight.Scales(row) : null;
        byte* tail = stackalloc byte[64 * 4];
        float* widened = stackalloc float[64];
        float* output = destination;
        for (int k = first; k < end;)
        {
            int block = k / weight.BlockColumns;
            int stop = scales is null ? end : Math.Min(end, (block + 1) * weight.BlockColumns);
            TVector scale = TSimd.Broadcast(scales is null ? 1 : scales[block]);
            for (; k + step <= stop; k += step)
            {
                TFormat.Widen(data + (nint)k * TFormat.ElementBytes, out TVector a, out TVector b, out TVector c, out TVector d);
                TSimd.Store(output, TSimd.Multiply(a, scale));
                TSimd.Store(output + TSimd.Count, TSimd.Multiply(b, scale));
                TSimd.Store(output + 2 * TSimd.Count, TSimd.Multiply(c, scale));
                TSimd.Store(output + 3 * TSimd.Count, TSimd.Multiply(d, scale));
                output += step;
            }

            if (k < stop)
            {
                CopyTail(data + (nint)k * TFormat.ElementBytes, (stop - k) * TFormat.ElementBytes, tail);
                TFormat.Widen(tail, out TVector a, out TVector b, out TVector c, out TVector d);
                TSimd.Store(widened, TSimd.Multiply(a, scale));
                TSimd.Store(widened + TSimd.Count, TSimd.Multiply(b, scale));
                TSimd.Store(widened + 2 * TSimd.Count, TSimd.Multiply(c, scale));
                TSimd.Store(widened + 3 * TSimd.Count, TSimd.Multiply(d, scale));
                int rest = stop - k;
                new Span<float>(widened, rest).CopyTo(new Span<float>(output, rest));
                output += rest;
                k = stop;
            }
        }
    }
}
