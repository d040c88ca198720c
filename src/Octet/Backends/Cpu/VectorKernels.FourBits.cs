using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Octet.Backends.Cpu;

/// <summary>
/// Few tokens (decode) times E2M1 codes in place (MXFP4, NVFP4). 128 bits hold 32 columns of a row, one block or two; a vector has as many
/// such lanes as fit, so that blocks never share a lane and a scale multiplies whole lanes.
/// </summary>
sealed unsafe partial class VectorKernels<TSimd, TVector, TE4M3>
{
    const int LaneColumns = 32;
    const int LaneBytes = 16;
    const int MostLanes = 4;

    // Rows of some thousand columns then come in time; 1 and 2 were as good, within the noise.
    const int FourBitRowsAhead = 4;

    // Of PreparedLayout; the formats' own are below.
    const int FourBitLayout = 16;

    static int Lanes => TSimd.Count / 4;

    // What one widening takes: eight vectors.
    static int FourBitStep => Lanes * LaneColumns;

    static int FourBitStride(int columns) => (columns + FourBitStep - 1) / FourBitStep * FourBitStep;

    internal override bool TakesFourBits(CpuWeight weight, int rows) => weight.FourBitBlock > 0 && weight.Input is null && rows <= MostDotTokens;

    /// <summary>Tokens [first, end), each in a <see cref="FourBitStride"/>: [step][vector][lane][4], zero past the last column.</summary>
    static void ArrangeFourBits(in LinearInput x, int first, int end, int columns, float* destination)
    {
        int stride = FourBitStride(columns);
        for (int t = first; t < end; t++)
        {
            float* row = destination + (nint)t * stride;
            new Span<float>(row + columns / FourBitStep * FourBitStep, stride - columns / FourBitStep * FourBitStep).Clear();
            ArrangeLanes(x.Data + (nint)t * x.Stride, columns, row);
        }
    }

    // Codes come as the even column's and the odd one's, of those the first byte of two and the second, of the lane's first half and its second.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void ArrangeLanes(float* x, int columns, float* destination)
    {
        for (int lane = 0; lane < columns / LaneColumns; lane++)
        {
            float* at = destination + (nint)(lane / Lanes) * FourBitStep + lane % Lanes * 4;
            for (int half = 0; half < 2; half++, x += LaneColumns / 2, at += 4 * TSimd.Count)
            {
                TransposeFour(x, at, at + 2 * TSimd.Count, at + TSimd.Count, at + 3 * TSimd.Count);
            }
        }
    }

    /// <summary>Every fourth of 16 floats, from the first, the second, the third and the fourth.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void TransposeFour(float* x, float* first, float* second, float* third, float* fourth)
    {
        if (Sse.IsSupported)
        {
            Vector128<float> a = Vector128.Load(x), b = Vector128.Load(x + 4), c = Vector128.Load(x + 8), d = Vector128.Load(x + 12);
            Vector128<float> low = Sse.UnpackLow(a, b), other = Sse.UnpackLow(c, d);
            Vector128<float> high = Sse.UnpackHigh(a, b), last = Sse.UnpackHigh(c, d);
            Sse.MoveLowToHigh(low, other).Store(first);
            Sse.MoveHighToLow(other, low).Store(second);
            Sse.MoveLowToHigh(high, last).Store(third);
            Sse.MoveHighToLow(last, high).Store(fourth);
            return;
        }

        Vector128.Create(x[0], x[4], x[8], x[12]).Store(first);
        Vector128.Create(x[1], x[5], x[9], x[13]).Store(second);
        Vector128.Create(x[2], x[6], x[10], x[14]).Store(third);
        Vector128.Create(x[3], x[7], x[11], x[15]).Store(fourth);
    }

    static void FourBits(CpuWeight weight, long first, long end, in LinearInput x, float* y, int yStride, float* scratch)
    {
        int columns = weight.Columns;
        int stride = FourBitStride(columns);
        float* arranged = (float*)x.Prepared;
        if (arranged is null)
        {
            arranged = scratch;
            ArrangeFourBits(x, 0, x.Rows, columns, arranged);
        }

        int blocks = LaneColumns / weight.FourBitBlock;
        fixed (float* table = weight.ScaleTable)
        {
            // Memory gives more to two distant walks than to one.
            long far = (end - first + 1) / 2;
            nint codesAhead = (nint)(weight.StoredRow(FourBitRowsAhead) - weight.StoredRow(0));
            nint scalesAhead = (nint)(weight.StoredScales(FourBitRowsAhead) - weight.StoredScales(0));
            for (long row = first; row < first + far; row++)
            {
                // The last of an odd number of rows twice.
                long other = Math.Min(row + far, end - 1);
                FourBitRow one = new(weight.StoredRow(row), weight.StoredScales(row));
                FourBitRow two = new(weight.StoredRow(other), weight.StoredScales(other));
                for (int t = 0; t < x.Rows; t++)
                {
                    float* output = y + (nint)t * yStride;
                    FourBitDots(one, two, codesAhead, scalesAhead, blocks, table, arranged + (nint)t * stride, columns, out output[row], out output[other]);
                }
            }
        }
    }

    /// <summary>Two rows times one token.</summary>
    /// <param name="one">A row.</param>
    /// <param name="two">Another.</param>
    /// <param name="codesAhead">Bytes to the codes of the row that is asked for meanwhile.</param>
    /// <param name="scalesAhead">The same of scales.</param>
    /// <param name="blocks">Of a lane: 1 or 2.</param>
    /// <param name="table">What a scale's code stands for.</param>
    /// <param name="x">As <see cref="ArrangeFourBits"/> lays it out.</param>
    /// <param name="columns">A multiple of <see cref="LaneColumns"/>.</param>
    /// <param name="first">The product of the first.</param>
    /// <param name="second">That of the other.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void FourBitDots(FourBitRow one, FourBitRow two, nint codesAhead, nint scalesAhead, int blocks, float* table, float* x, int columns, out float first, out float second)
    {
        TVector total = TSimd.Zero;
        TVector other = TSimd.Zero;
        nint step = Lanes * LaneBytes;
        for (int k = columns / FourBitStep; k > 0; k--)
        {
            if (Sse.IsSupported)
            {
                Sse.Prefetch0(one.Codes + codesAhead);
                Sse.Prefetch0(two.Codes + codesAhead);
                Sse.Prefetch0(one.Scales + scalesAhead);
                Sse.Prefetch0(two.Scales + scalesAhead);
            }

            AddLanes(one, two, blocks, table, x, ref total, ref other);
            one = new(one.Codes + step, one.Scales + Lanes * blocks);
            two = new(two.Codes + step, two.Scales + Lanes * blocks);
            x += FourBitStep;
        }

        // The two outputs may be one.
        float sum = TSimd.Sum(total);
        float otherSum = TSimd.Sum(other);
        int left = columns % FourBitStep / LaneColumns;
        if (left > 0)
        {
            AddLastLanes(one, two, left, blocks, table, x, ref sum, ref otherSum);
        }

        first = sum;
        second = otherSum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void AddLanes(in FourBitRow one, in FourBitRow two, int blocks, float* table, float* x, ref TVector total, ref TVector other)
    {
        TSimd.WidenE2M1(one.Codes, upper: false, out TVector a, out TVector b, out TVector c, out TVector d);
        TSimd.WidenE2M1(two.Codes, upper: false, out TVector e, out TVector f, out TVector g, out TVector h);
        TVector input = TSimd.Load(x);
        TVector a0 = TSimd.Multiply(a, input);
        TVector b0 = TSimd.Multiply(e, input);
        input = TSimd.Load(x + TSimd.Count);
        a0 = TSimd.MultiplyAdd(b, input, a0);
        b0 = TSimd.MultiplyAdd(f, input, b0);
        input = TSimd.Load(x + 4 * TSimd.Count);
        TVector a1 = TSimd.Multiply(c, input);
        TVector b1 = TSimd.Multiply(g, input);
        input = TSimd.Load(x + 5 * TSimd.Count);
        a1 = TSimd.MultiplyAdd(d, input, a1);
        b1 = TSimd.MultiplyAdd(h, input, b1);
        TSimd.WidenE2M1(one.Codes, upper: true, out a, out b, out c, out d);
        TSimd.WidenE2M1(two.Codes, upper: true, out e, out f, out g, out h);
        input = TSimd.Load(x + 2 * TSimd.Count);
        a0 = TSimd.MultiplyAdd(a, input, a0);
        b0 = TSimd.MultiplyAdd(e, input, b0);
        input = TSimd.Load(x + 3 * TSimd.Count);
        a0 = TSimd.MultiplyAdd(b, input, a0);
        b0 = TSimd.MultiplyAdd(f, input, b0);
        input = TSimd.Load(x + 6 * TSimd.Count);
        a1 = TSimd.MultiplyAdd(c, input, a1);
        b1 = TSimd.MultiplyAdd(g, input, b1);
        input = TSimd.Load(x + 7 * TSimd.Count);
        a1 = TSimd.MultiplyAdd(d, input, a1);
        b1 = TSimd.MultiplyAdd(h, input, b1);
        if (blocks == 1)
        {
            total = TSimd.MultiplyAdd(TSimd.Add(a0, a1), TSimd.LookUpLanes(table, one.Scales, 1), total);
            other = TSimd.MultiplyAdd(TSimd.Add(b0, b1), TSimd.LookUpLanes(table, two.Scales, 1), other);
        }
        else
        {
            total = TSimd.MultiplyAdd(a0, TSimd.LookUpLanes(table, one.Scales, 2), total);
            total = TSimd.MultiplyAdd(a1, TSimd.LookUpLanes(table, one.Scales + 1, 2), total);
            other = TSimd.MultiplyAdd(b0, TSimd.LookUpLanes(table, two.Scales, 2), other);
            other = TSimd.MultiplyAdd(b1, TSimd.LookUpLanes(table, two.Scales + 1, 2), other);
        }
    }

    /// <summary>Fewer lanes than a vector has: from copies, so that nothing past a row is read. Codes that are missing are zeros with the first block's scale.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static void AddLastLanes(FourBitRow one, FourBitRow two, int lanes, int blocks, float* table, float* x, ref float first, ref float second)
    {
        byte* copies = stackalloc byte[2 * (MostLanes * LaneBytes + 2 * MostLanes)];
        FourBitRow a = Copy(one, lanes, blocks, copies);
        FourBitRow b = Copy(two, lanes, blocks, copies + MostLanes * (LaneBytes + 2));
        TVector total = TSimd.Zero;
        TVector other = TSimd.Zero;
        AddLanes(a, b, blocks, table, x, ref total, ref other);
        first += TSimd.Sum(total);
        second += TSimd.Sum(other);
    }

    static FourBitRow Copy(FourBitRow row, int lanes, int blocks, byte* copy)
    {
        byte* scales = copy + MostLanes * LaneBytes;
        new Span<byte>(copy, MostLanes * LaneBytes).Clear();
        new Span<byte>(scales, 2 * MostLanes).Fill(*row.Scales);
        new Span<byte>(row.Codes, lanes * LaneBytes).CopyTo(new Span<byte>(copy, MostLanes * LaneBytes));
        new Span<byte>(row.Scales, lanes * blocks).CopyTo(new Span<byte>(scales, 2 * MostLanes));
        return new FourBitRow(copy, scales);
    }

    /// <summary>Codes, [columns / 2], and the codes of their blocks' scales.</summary>
    readonly struct FourBitRow(byte* codes, byte* scales)
    {
        internal readonly byte* Codes = codes;
        internal readonly byte* Scales = scales;
    }
}
