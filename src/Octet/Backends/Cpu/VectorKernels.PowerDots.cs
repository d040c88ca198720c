using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Octet.Backends.Cpu;

/// <summary>
/// Few tokens times E4M3 codes in place whose scales are powers of two of 32 columns (MXFP8), where there is no generated code. A 32-bit lane holds four neighbouring columns, so that
/// eight lanes are a block, and a scale multiplies whole lanes.
/// </summary>
sealed unsafe partial class VectorKernels<TSimd, TVector, TE4M3>
{
    // From more tokens on it is cheaper to expand rows once for all of them.
    const int MostPowerTokens = 5;

    // Columns that are widened together are part of a block, or two blocks.
    static int StepsOfBlock => Math.Max(1, ScaledE4M3.BlockColumns / Step);

    static bool HasPowerDots(CpuWeight weight, int rows)
        => weight is { HasPowers: true, IsExpansion: false, Input: null } && rows <= MostPowerTokens && weight.Columns % (StepsOfBlock * Step) == 0;

    static void PowerDots(CpuWeight weight, long first, long end, in LinearInput x, float* y, int yStride, float* scratch)
    {
        int stride = ArrangedStride(weight.Columns);
        if (x.Prepared is not null)
        {
            PowerDots(weight, first, end, (float*)x.Prepared, x.Rows, y, yStride);
            return;
        }

        // As many as there is memory for.
        for (int t = 0; t < x.Rows; t += MostDotTokens)
        {
            int count = Math.Min(MostDotTokens, x.Rows - t);
            LinearInput some = new(x.Data + (nint)t * x.Stride, x.Stride, count, null, 0);
            ArrangeTokens<TE4M3>(some, 0, count, weight.Columns, scratch);
            PowerDots(weight, first, end, scratch, count, y + (nint)t * yStride, yStride);
        }
    }

    static void PowerDots(CpuWeight weight, long first, long end, float* x, int tokens, float* y, int yStride)
    {
        fixed (float* table = weight.ScaleTable)
        {
            // Memory gives more to two distant walks than to one. The last of an odd number of rows is multiplied twice.
            long far = (end - first + 1) / 2;
            for (long row = first; row < first + far; row++)
            {
                long other = Math.Min(row + far, end - 1);
                for (int t = 0; t < tokens; t++)
                {
                    float* output = y + (nint)t * yStride;
                    Pair(
                        weight.Row(row), weight.StoredScales(row), weight.Row(other), weight.StoredScales(other), table, x + (nint)t * ArrangedStride(weight.Columns), weight.Columns,
                        out output[row], out output[other]);
                }

                SetIfNaN(weight, row, tokens, y, yStride);
                SetIfNaN(weight, other, tokens, y, yStride);
            }
        }
    }

    // Where the quick form has no NaN: one in a row makes all its products NaN.
    static void SetIfNaN(CpuWeight weight, long row, int tokens, float* y, int yStride)
    {
        if (TE4M3.KeepsNaN || !weight.NaNGroups!.Contains(row) || new ReadOnlySpan<byte>(weight.Row(row), weight.Columns).IndexOfAny((byte)0x7F, (byte)0xFF) < 0)
        {
            return;
        }

        for (int t = 0; t < tokens; t++)
        {
            y[(nint)t * yStride + row] = float.NaN;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Pair(byte* one, byte* oneScales, byte* two, byte* twoScales, float* table, float* x, int columns, out float first, out float second)
    {
        TVector total = TSimd.Zero;
        TVector other = TSimd.Zero;
        int steps = StepsOfBlock;
        for (int k = columns / (steps * Step); k > 0; k--)
        {
            if (Sse.IsSupported)
            {
                Sse.Prefetch0(one + FarPrefetchBytes);
                Sse.Prefetch0(two + FarPrefetchBytes);
            }

            TVector sum = Products(one, x);
            TVector otherSum = Products(two, x);
            for (int i = 1; i < steps; i++)
            {
                one += Step;
                two += Step;
                x += Step;
                sum = TSimd.Add(sum, Products(one, x));
                otherSum = TSimd.Add(otherSum, Products(two, x));
            }

            total = TSimd.MultiplyAdd(sum, TSimd.LookUpBlocks(table, oneScales), total);
            other = TSimd.MultiplyAdd(otherSum, TSimd.LookUpBlocks(table, twoScales), other);
            one += Step;
            two += Step;
            x += Step;
            oneScales += Math.Max(1, Step / ScaledE4M3.BlockColumns);
            twoScales += Math.Max(1, Step / ScaledE4M3.BlockColumns);
        }

        // The two outputs may be one.
        float result = TSimd.Sum(total) * TE4M3.HalfUnit;
        second = TSimd.Sum(other) * TE4M3.HalfUnit;
        first = result;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TVector Products(byte* codes, float* x)
    {
        TE4M3.Widen(codes, out TVector a, out TVector b, out TVector c, out TVector d);
        TVector sum = TSimd.Multiply(a, TSimd.Load(x));
        TVector other = TSimd.Multiply(b, TSimd.Load(x + TSimd.Count));
        sum = TSimd.MultiplyAdd(c, TSimd.Load(x + 2 * TSimd.Count), sum);
        other = TSimd.MultiplyAdd(d, TSimd.Load(x + 3 * TSimd.Count), other);
        return TSimd.Add(sum, other);
    }
}
