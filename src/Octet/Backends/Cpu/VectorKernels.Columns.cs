using System.Runtime.CompilerServices;

namespace Octet.Backends.Cpu;

/// <summary>
/// Few tokens and a matrix that lies inputs first: four inputs at a time, each of whose stored lines is a part of many outputs' sums, which are kept
/// in the output's place meanwhile, in the order in which elements are widened. So memory is read in its own order, and nothing is turned.
/// </summary>
sealed unsafe partial class VectorKernels<TSimd, TVector, TE4M3>
{
    // More tokens than these turn the matrix: their products are then worth it.
    const int MostColumnTokens = 3;

    // Inputs whose lines are read beside each other, as often as a sum is loaded and stored.
    const int ColumnInputs = 4;

    // Inputs whose lines are asked for before they are read: no processor guesses lines that are an input's outputs apart.
    const int InputsAhead = 16;

    // Outputs that are widened together.
    static int ColumnWidth => 4 * TSimd.Count;

    /// <summary>Whether so many tokens are multiplied with the matrix as it lies: a scale is one of an output, or of whole fours of inputs.</summary>
    static bool TakesColumns(CpuWeight weight, int rows)
        => rows <= MostColumnTokens && weight.StoredColumns is not null && weight.Rows >= ColumnWidth
            && (weight.BlockColumns >= weight.Columns || (weight.BlockColumns % ColumnInputs == 0 && weight.BlockRows >= ColumnWidth));

    void Columns(CpuWeight weight, long first, long end, in LinearInput x, float* y, int yStride)
    {
        // Scales of blocks are multiplied with the inputs, for the outputs of a row of blocks at a time; an output's own, or all of a few outputs', with the sum.
        bool byBlocks = weight.IsScaled && weight.BlockColumns < weight.Columns;
        while (first < end)
        {
            long stop = byBlocks ? Math.Min(end, ((first / weight.BlockRows) + 1) * weight.BlockRows) : end;
            float* scales = byBlocks ? weight.Scales(first) : null;
            switch (weight.StoredColumns, TE4M3.KeepsNaN)
            {
                case (WeightFormat.E4M3, true): Columns<TE4M3>(weight, first, stop, x, scales, y, yStride); break;
                case (WeightFormat.E4M3, false): Columns<E4M3Weights<TSimd, TVector>>(weight, first, stop, x, scales, y, yStride); break;
                default: Columns<BFloat16Weights<TSimd, TVector>>(weight, first, stop, x, scales, y, yStride); break;
            }

            for (long row = first; weight.IsScaled && !byBlocks && row < stop; row++)
            {
                float scale = *weight.Scales(row);
                for (int t = 0; t < x.Rows; t++)
                {
                    y[((nint)t * yStride) + row] *= scale;
                }
            }

            first = stop;
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Columns<TFormat>(CpuWeight weight, long first, long end, in LinearInput x, float* scales, float* y, int yStride)
        where TFormat : struct, IWeightFormat<TVector>
    {
        int width = ColumnWidth;
        byte* stored = weight.StoredColumn(first, out nint step);
        int whole = (int)((end - first) / width);
        int rest = (int)((end - first) % width);

        // What is left is the end of as many outputs as are widened together, which begin among those before, or, of the first ones, the beginning of what follows.
        long lastFirst = Math.Max(0, end - width);
        byte* last = stored + ((nint)(lastFirst - first) * TFormat.ElementBytes);
        float* sums = stackalloc float[MostColumnTokens * width];
        float* factors = stackalloc float[MostColumnTokens * ColumnInputs];
        for (int t = 0; t < x.Rows; t++)
        {
            new Span<float>(y + ((nint)t * yStride) + first, (int)(end - first) - rest).Clear();
            new Span<float>(sums + (t * width), width).Clear();
        }

        int k = 0;
        for (; k + ColumnInputs <= weight.Columns; k += ColumnInputs)
        {
            Factors(weight, x, scales, k, ColumnInputs, factors);
            for (int i = k + InputsAhead; i < Math.Min(weight.Columns, k + InputsAhead + ColumnInputs); i++)
            {
                Prefetch(stored + (i * step), (int)(end - first) * TFormat.ElementBytes);
            }

            for (int group = 0; group < whole; group++)
            {
                AddColumns<TFormat>(stored + (k * step) + ((nint)group * width * TFormat.ElementBytes), step, factors, x.Rows, y + first + ((nint)group * width), yStride);
            }

            if (rest > 0)
            {
                AddColumns<TFormat>(last + (k * step), step, factors, x.Rows, sums, width);
            }
        }

        for (; k < weight.Columns; k++)
        {
            Factors(weight, x, scales, k, 1, factors);
            for (int group = 0; group < whole; group++)
            {
                AddColumn<TFormat>(stored + (k * step) + ((nint)group * width * TFormat.ElementBytes), factors, x.Rows, y + first + ((nint)group * width), yStride);
            }

            if (rest > 0)
            {
                AddColumn<TFormat>(last + (k * step), factors, x.Rows, sums, width);
            }
        }

        for (int t = 0; t < x.Rows; t++)
        {
            float* output = y + ((nint)t * yStride);
            for (int group = 0; group < whole; group++)
            {
                InStoredOrder<TFormat>(output + first + ((nint)group * width));
            }

            InStoredOrder<TFormat>(sums + (t * width));
            new ReadOnlySpan<float>(sums + (t * width) + (end - rest - lastFirst), rest).CopyTo(new Span<float>(output + end - rest, rest));
        }
    }

    /// <summary>Inputs from <paramref name="k"/> on, [token][input], with their scales and those of the weights' block.</summary>
    static void Factors(CpuWeight weight, in LinearInput x, float* scales, int k, int count, float* factors)
    {
        float block = scales is null ? 1 : scales[k / weight.BlockColumns];
        for (int t = 0; t < x.Rows; t++)
        {
            float scale = x.Scales is null ? block : block * x.Scales[((nint)t * x.ScaleStride) + (k / ActivationGroup)];
            for (int i = 0; i < count; i++)
            {
                factors[(t * ColumnInputs) + i] = x.Data[((nint)t * x.Stride) + k + i] * scale;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void AddColumns<TFormat>(byte* stored, nint step, float* factors, int tokens, float* sums, int stride)
        where TFormat : struct, IWeightFormat<TVector>
    {
        switch (tokens)
        {
            case 1: AddColumnsOf1<TFormat>(stored, step, factors, sums); break;
            case 2: AddColumnsOf2<TFormat>(stored, step, factors, sums, sums + stride); break;
            default:
                AddColumnsOf2<TFormat>(stored, step, factors, sums, sums + stride);
                AddColumnsOf1<TFormat>(stored, step, factors + (2 * ColumnInputs), sums + (2 * (nint)stride));
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void AddColumnsOf1<TFormat>(byte* stored, nint step, float* factors, float* sums)
        where TFormat : struct, IWeightFormat<TVector>
    {
        TVector a = TSimd.Load(sums);
        TVector b = TSimd.Load(sums + TSimd.Count);
        TVector c = TSimd.Load(sums + (2 * TSimd.Count));
        TVector d = TSimd.Load(sums + (3 * TSimd.Count));
        for (int i = 0; i < ColumnInputs; i++)
        {
            TFormat.Widen(stored + (i * step), out TVector first, out TVector second, out TVector third, out TVector fourth);
            TVector factor = TSimd.Broadcast(factors[i]);
            a = TSimd.MultiplyAdd(first, factor, a);
            b = TSimd.MultiplyAdd(second, factor, b);
            c = TSimd.MultiplyAdd(third, factor, c);
            d = TSimd.MultiplyAdd(fourth, factor, d);
        }

        TSimd.Store(sums, a);
        TSimd.Store(sums + TSimd.Count, b);
        TSimd.Store(sums + (2 * TSimd.Count), c);
        TSimd.Store(sums + (3 * TSimd.Count), d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void AddColumnsOf2<TFormat>(byte* stored, nint step, float* factors, float* sums, float* others)
        where TFormat : struct, IWeightFormat<TVector>
    {
        TVector a = TSimd.Load(sums);
        TVector b = TSimd.Load(sums + TSimd.Count);
        TVector c = TSimd.Load(sums + (2 * TSimd.Count));
        TVector d = TSimd.Load(sums + (3 * TSimd.Count));
        TVector e = TSimd.Load(others);
        TVector f = TSimd.Load(others + TSimd.Count);
        TVector g = TSimd.Load(others + (2 * TSimd.Count));
        TVector h = TSimd.Load(others + (3 * TSimd.Count));
        for (int i = 0; i < ColumnInputs; i++)
        {
            TFormat.Widen(stored + (i * step), out TVector first, out TVector second, out TVector third, out TVector fourth);
            TVector factor = TSimd.Broadcast(factors[i]);
            a = TSimd.MultiplyAdd(first, factor, a);
            b = TSimd.MultiplyAdd(second, factor, b);
            c = TSimd.MultiplyAdd(third, factor, c);
            d = TSimd.MultiplyAdd(fourth, factor, d);
            factor = TSimd.Broadcast(factors[ColumnInputs + i]);
            e = TSimd.MultiplyAdd(first, factor, e);
            f = TSimd.MultiplyAdd(second, factor, f);
            g = TSimd.MultiplyAdd(third, factor, g);
            h = TSimd.MultiplyAdd(fourth, factor, h);
        }

        TSimd.Store(sums, a);
        TSimd.Store(sums + TSimd.Count, b);
        TSimd.Store(sums + (2 * TSimd.Count), c);
        TSimd.Store(sums + (3 * TSimd.Count), d);
        TSimd.Store(others, e);
        TSimd.Store(others + TSimd.Count, f);
        TSimd.Store(others + (2 * TSimd.Count), g);
        TSimd.Store(others + (3 * TSimd.Count), h);
    }

    // One input: those that are left behind the last four.
    static void AddColumn<TFormat>(byte* stored, float* factors, int tokens, float* sums, int stride)
        where TFormat : struct, IWeightFormat<TVector>
    {
        TFormat.Widen(stored, out TVector first, out TVector second, out TVector third, out TVector fourth);
        for (int t = 0; t < tokens; t++, sums += stride)
        {
            TVector factor = TSimd.Broadcast(factors[t * ColumnInputs]);
            TSimd.Store(sums, TSimd.MultiplyAdd(first, factor, TSimd.Load(sums)));
            TSimd.Store(sums + TSimd.Count, TSimd.MultiplyAdd(second, factor, TSimd.Load(sums + TSimd.Count)));
            TSimd.Store(sums + (2 * TSimd.Count), TSimd.MultiplyAdd(third, factor, TSimd.Load(sums + (2 * TSimd.Count))));
            TSimd.Store(sums + (3 * TSimd.Count), TSimd.MultiplyAdd(fourth, factor, TSimd.Load(sums + (3 * TSimd.Count))));
        }
    }

    /// <summary>Four vectors as <see cref="IWeightFormat{TVector}.Widen"/> gives them, in place: of 8 bits lane i of vector j is element 4i + j, of 16 bits 2i + j of its half.</summary>
    [SkipLocalsInit]
    static void InStoredOrder<TFormat>(float* values)
        where TFormat : struct, IWeightFormat<TVector>
    {
        int perLane = sizeof(uint) / TFormat.ElementBytes;
        int run = perLane * TSimd.Count;
        float* widened = stackalloc float[ColumnWidth];
        new ReadOnlySpan<float>(values, ColumnWidth).CopyTo(new Span<float>(widened, ColumnWidth));
        for (int i = 0; i < ColumnWidth; i++)
        {
            int within = i % run;
            values[i] = widened[(i - within) + (within % perLane * TSimd.Count) + (within / perLane)];
        }
    }
}
