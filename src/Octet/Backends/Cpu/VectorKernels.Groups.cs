using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Octet.Backends.Cpu;

/// <summary>
/// Several tokens (batched decode): two rows of weights are widened in registers and multiplied with a group of four tokens. Widening and
/// multiplying keep different units of the processor busy, so a row is widened again for every group, and no panel is laid out.
/// </summary>
sealed unsafe partial class VectorKernels<TSimd, TVector, TE4M3>
{
    const int GroupTokens = 4;
    const int FewestGroupedTokens = 4;
    const int MostGroupedTokens = 24;

    // Wider vectors were not measured.
    const int WidestGroups = 8;

    // The inputs of a group in so many columns fill half of a first-level cache.
    const int GroupColumns = 1024;

    // Rows that a group passes through before the next one: what of the inputs depends on the rows' scales is made once for all of them.
    // Their bytes and those of the rows after them, which come meanwhile, stay in the second-level cache.
    const int FewestGroupRows = 32;
    const int MostGroupRows = 128;
    const int GroupBytes = 128 << 10;

    // Scaled inputs of a group; the sums of rows, pair by pair.
    static int GroupScratch => GroupTokens * GroupColumns + (MostGroupRows + 2) * GroupTokens * TSimd.Count;

    static bool CanGroup(CpuWeight weight)
    {
        bool hasHalves = weight.Format switch
        {
            WeightFormat.E4M3 => TE4M3.HalvesApart > 0,
            WeightFormat.BFloat16 or WeightFormat.Float32 => true,
            _ => false,
        };
        bool oneBlock = weight.BlockColumns >= weight.Columns;
        return TSimd.Count <= WidestGroups && weight.Packed is null && hasHalves && !weight.IsExpanded && weight.Columns % Step == 0
            && (oneBlock || (weight.BlockColumns % Step == 0 && weight.BlockRows >= FewestGroupRows));
    }

    // [group of tokens][step of columns][part of the step][token][Count]
    static void ArrangeGroups<TFormat>(in LinearInput x, int first, int end, int columns, float* prepared)
        where TFormat : struct, IWeightFormat<TVector>
    {
        for (int t = first; t < first + (end - first + GroupTokens - 1) / GroupTokens * GroupTokens; t++)
        {
            // Tokens that are missing in the last group: another one, so that no stray bits are multiplied.
            float* source = x.Data + (nint)Math.Min(t, end - 1) * x.Stride;
            Arrange<TFormat>(source, columns, prepared + (nint)(t / GroupTokens * GroupTokens) * columns + t % GroupTokens * TSimd.Count, GroupTokens * TSimd.Count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Groups<TFormat>(CpuWeight weight, long first, long end, in LinearInput x, float* y, int yStride, float* scratch)
        where TFormat : struct, IWeightFormat<TVector>
    {
        int columns = weight.Columns;
        float* sums = scratch + GroupTokens * GroupColumns;
        bool inBlocks = weight.BlockColumns < columns;
        int most = Math.Clamp(GroupBytes / (columns * TFormat.ElementBytes) / 2 * 2, FewestGroupRows, MostGroupRows);
        int groups = (x.Rows + GroupTokens - 1) / GroupTokens;
        for (long row = first; row < end;)
        {
            long stop = Math.Min(end, row + most);
            if (weight.BlockRows > 1)
            {
                stop = Math.Min(stop, (row / weight.BlockRows + 1) * weight.BlockRows);
            }

            int rows = (int)(stop - row);
            bool ownScales = !inBlocks && weight.IsScaled;
            float unit = inBlocks ? PowerNear(weight.Scales(row), (columns + weight.BlockColumns - 1) / weight.BlockColumns) : 1;
            float* scales = ownScales ? weight.Scales(row) : &unit;
            nint next = ownScales && weight.BlockRows == 1 ? 1 : 0;
            for (int t = 0; t < x.Rows; t += GroupTokens)
            {
                new Span<float>(sums, (rows + 1) / 2 * 2 * GroupTokens * TSimd.Count).Clear();
                for (int k = 0; k < columns; k += GroupColumns)
                {
                    int width = Math.Min(GroupColumns, columns - k);
                    float* input = (float*)x.Prepared + (nint)t * columns + (nint)k * GroupTokens;
                    if (inBlocks)
                    {
                        ScaleInput(input, k, k + width, weight.Scales(row), weight.BlockColumns, 1 / unit, scratch, GroupTokens);
                        input = scratch;
                    }

                    MultiplyPairs<TFormat>(weight, row, rows, k, width, input, sums, t / GroupTokens, groups);
                }

                Fold(sums, rows * GroupTokens * TSimd.Count);
                for (int i = 0; i < Math.Min(GroupTokens, x.Rows - t); i++)
                {
                    float* output = y + (nint)(t + i) * yStride + row;
                    for (nint r = 0; r < rows; r++)
                    {
                        output[r] = sums[r * GroupTokens + i] * TFormat.HalfUnit * scales[r * next];
                    }
                }
            }

            row = stop;
        }
    }

    static void MultiplyPairs<TFormat>(CpuWeight weight, long row, int rows, int first, int width, float* x, float* sums, int group, int groups)
        where TFormat : struct, IWeightFormat<TVector>
    {
        const int Line = 64;
        nint rowBytes = (nint)weight.Columns * TFormat.ElementBytes;
        byte* w = weight.Row(row) + (nint)first * TFormat.ElementBytes;
        for (int r = 0; r < rows; r += 2, w += 2 * rowBytes, sums += 2 * GroupTokens * TSimd.Count)
        {
            if (Sse.IsSupported)
            {
                // Of the rows that come when all groups have passed, a share with each: memory is never idle, never waited for.
                byte* next = w + rows * rowBytes;
                for (int at = group * Line; at < width * TFormat.ElementBytes; at += groups * Line)
                {
                    Sse.Prefetch1(next + at);
                    Sse.Prefetch1(next + rowBytes + at);
                }
            }

            // The last of an odd number of rows twice; the second time nobody reads.
            MultiplyPair<TFormat>(w, r + 1 < rows ? w + rowBytes : w, x, width / Step, sums);
        }
    }

    /// <summary>Adds to <paramref name="sums"/> what two rows and four tokens give: [row][token][Count].</summary>
    /// <remarks>Eight sums, enough to hide the latency of the additions, and registers for what is widened.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    static void MultiplyPair<TFormat>(byte* w0, byte* w1, float* x, nint steps, float* sums)
        where TFormat : struct, IWeightFormat<TVector>
    {
        TVector a0 = TSimd.Load(sums), a1 = TSimd.Load(sums + TSimd.Count);
        TVector a2 = TSimd.Load(sums + 2 * TSimd.Count), a3 = TSimd.Load(sums + 3 * TSimd.Count);
        TVector b0 = TSimd.Load(sums + 4 * TSimd.Count), b1 = TSimd.Load(sums + 5 * TSimd.Count);
        TVector b2 = TSimd.Load(sums + 6 * TSimd.Count), b3 = TSimd.Load(sums + 7 * TSimd.Count);
        int part = GroupTokens * TSimd.Count;
        for (; steps > 0; steps--)
        {
            int apart = TFormat.HalvesApart;
            TFormat.WidenHalf(w0, 0, out TVector a, out TVector later);
            TFormat.WidenHalf(w1, 0, out TVector b, out TVector other);
            AddPart(a, b, x, ref a0, ref a1, ref a2, ref a3, ref b0, ref b1, ref b2, ref b3);
            AddPart(later, other, x + apart * part, ref a0, ref a1, ref a2, ref a3, ref b0, ref b1, ref b2, ref b3);
            TFormat.WidenHalf(w0, 1, out a, out later);
            TFormat.WidenHalf(w1, 1, out b, out other);
            AddPart(a, b, x + (3 - apart) * part, ref a0, ref a1, ref a2, ref a3, ref b0, ref b1, ref b2, ref b3);
            AddPart(later, other, x + 3 * part, ref a0, ref a1, ref a2, ref a3, ref b0, ref b1, ref b2, ref b3);
            w0 += Step * TFormat.ElementBytes;
            w1 += Step * TFormat.ElementBytes;
            x += GroupTokens * Step;
        }

        TSimd.Store(sums, a0);
        TSimd.Store(sums + TSimd.Count, a1);
        TSimd.Store(sums + 2 * TSimd.Count, a2);
        TSimd.Store(sums + 3 * TSimd.Count, a3);
        TSimd.Store(sums + 4 * TSimd.Count, b0);
        TSimd.Store(sums + 5 * TSimd.Count, b1);
        TSimd.Store(sums + 6 * TSimd.Count, b2);
        TSimd.Store(sums + 7 * TSimd.Count, b3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void AddPart(
        TVector a, TVector b, float* x, ref TVector a0, ref TVector a1, ref TVector a2, ref TVector a3, ref TVector b0, ref TVector b1, ref TVector b2, ref TVector b3)
    {
        TVector input = TSimd.Load(x);
        a0 = TSimd.MultiplyAdd(a, input, a0);
        b0 = TSimd.MultiplyAdd(b, input, b0);
        input = TSimd.Load(x + TSimd.Count);
        a1 = TSimd.MultiplyAdd(a, input, a1);
        b1 = TSimd.MultiplyAdd(b, input, b1);
        input = TSimd.Load(x + 2 * TSimd.Count);
        a2 = TSimd.MultiplyAdd(a, input, a2);
        b2 = TSimd.MultiplyAdd(b, input, b2);
        input = TSimd.Load(x + 3 * TSimd.Count);
        a3 = TSimd.MultiplyAdd(a, input, a3);
        b3 = TSimd.MultiplyAdd(b, input, b3);
    }
}
