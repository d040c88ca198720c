using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Octet.Backends.Cpu.MachineCode;

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

    // Of generated code, whose sums are left to be added.
    const int MostFourBitRows = 16;

    static int Lanes => TSimd.Count / 4;

    // What one widening takes: eight vectors.
    static int FourBitStep => Lanes * LaneColumns;

    static int FourBitStride(int columns) => (columns + FourBitStep - 1) / FourBitStep * FourBitStep;

    // From more tokens on it is cheaper to expand rows once for all of them.
    const int MostGeneratedFourBitTokens = 16;

    bool TakesFourBits(CpuWeight weight, int rows)
        => weight.FourBitBlock > 0 && weight.Input is null && rows <= (rows <= MostDotTokens || GeneratedFourBits(weight) is null ? MostDotTokens : MostGeneratedFourBitTokens);

    E2M1DotsFunctions? GeneratedFourBits(CpuWeight weight)
        => weight.BlockScales.Kind != BlockScaleKind.Table && E2M1Input.Takes(weight.Columns) ? fourBits?.Invoke() : null;

    void ArrangeFourBits(CpuWeight weight, in LinearInput x, int first, int end, float* destination)
    {
        if (GeneratedFourBits(weight) is not { } functions)
        {
            ArrangeFourBitLanes(x, first, end, weight.Columns, destination);
            return;
        }

        for (int t = first; t < end; t++)
        {
            TokenGroup group = TokenGroup.Of(t, x.Rows, E2M1DotsCode.MostTokens);
            E2M1Input.Arrange(x.Data + (nint)t * x.Stride, weight.Columns, destination + (nint)group.First * E2M1Input.Stride(weight.Columns), t - group.First, group.Count, functions.VectorFloats);
        }
    }

    /// <summary>Tokens [first, end), each in a <see cref="FourBitStride"/>: [step][vector][lane][4], zero past the last column.</summary>
    static void ArrangeFourBitLanes(in LinearInput x, int first, int end, int columns, float* destination)
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
                SquareTranspose.Four(x, 4, at, at + 2 * TSimd.Count, at + TSimd.Count, at + 3 * TSimd.Count);
            }
        }
    }

    void FourBits(CpuWeight weight, long first, long end, in LinearInput x, float* y, int yStride, float* scratch)
    {
        if (GeneratedFourBits(weight) is { } functions)
        {
            FourBits(functions, weight, first, end, x, y, null, yStride, scratch);
            return;
        }

        int columns = weight.Columns;
        int stride = FourBitStride(columns);
        float* arranged = (float*)x.Prepared;
        if (arranged is null)
        {
            arranged = scratch;
            ArrangeFourBitLanes(x, 0, x.Rows, columns, arranged);
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

    internal override bool LinearByTurns(CpuWeight one, CpuWeight two, long first, long end, in LinearInput x, float* y, float* other, int yStride, float* scratch)
    {
        if (!TakesFourBits(one, x.Rows) || GeneratedFourBits(one) is not { } functions || two.BlockScales != one.BlockScales || !one.LiesByTurnsWith(two))
        {
            return false;
        }

        FourBits(functions, one, first, end, x, y, other, yStride, scratch);
        return true;
    }

    // The rows between those of the weight, where there is memory for their products, too.
    static void FourBits(E2M1DotsFunctions functions, CpuWeight weight, long first, long end, in LinearInput x, float* y, float* between, int yStride, float* scratch)
    {
        nint stride = E2M1Input.Stride(weight.Columns);
        if (x.Prepared is not null)
        {
            FourBits(functions, weight, first, end, (float*)x.Prepared, 0, x.Rows, x.Rows, y, between, yStride);
            return;
        }

        for (int t = 0; t < x.Rows;)
        {
            TokenGroup group = TokenGroup.Of(t, x.Rows, E2M1DotsCode.MostTokens);
            for (int i = 0; i < group.Count; i++)
            {
                E2M1Input.Arrange(x.Data + (nint)(t + i) * x.Stride, weight.Columns, scratch, i, group.Count, functions.VectorFloats);
            }

            FourBits(functions, weight, first, end, scratch - t * stride, t, t + group.Count, x.Rows, y, between, yStride);
            t += group.Count;
        }
    }

    // Tokens [token, endToken) of so many, all of which would lie at arranged.
    static void FourBits(E2M1DotsFunctions functions, CpuWeight weight, long first, long end, float* arranged, int token, int endToken, int tokens, float* y, float* between, int yStride)
    {
        const int Line = 64;
        float* sums = stackalloc float[E2M1DotsRun.SumFloats(MostFourBitRows, E2M1DotsCode.MostTokens) + Line / sizeof(float)];
        sums = (float*)(((nint)sums + Line - 1) & -Line);
        int rowsOfOne = between is null ? 1 : 2;
        float factor = weight.BlockScales.Factor;
        E2M1DotsRun run = new()
        {
            RowBytes = (nint)(weight.StoredRow(1) - weight.StoredRow(0)) / rowsOfOne,
            ScaleRowBytes = (nint)(weight.StoredScales(1) - weight.StoredScales(0)) / rowsOfOne,
            HasPowers = weight.BlockScales.Kind == BlockScaleKind.Powers,
            Columns = weight.Columns,
            Sums = sums,
        };
        for (long row = first; row < end; row += MostFourBitRows / rowsOfOne)
        {
            int rows = (int)Math.Min(MostFourBitRows, (end - row) * rowsOfOne);
            for (int t = token; t < endToken;)
            {
                TokenGroup group = TokenGroup.Of(t, tokens, E2M1DotsCode.MostTokens);
                functions.Multiply(run with
                {
                    Codes = weight.StoredRow(row),
                    Scales = weight.StoredScales(row),
                    Rows = rows,
                    Inputs = arranged + t * (nint)E2M1Input.Stride(weight.Columns),
                    Tokens = group.Count,
                });
                float* sum = sums;
                for (int r = 0; r < rows; r++)
                {
                    float* output = (r % rowsOfOne == 0 ? y : between) + t * (nint)yStride + row + r / rowsOfOne;
                    for (int i = 0; i < group.Count; i++, sum += functions.VectorFloats, output += yStride)
                    {
                        *output = TSimd.Sum(TSimd.Load(sum)) * factor;
                    }
                }

                t += group.Count;
            }
        }
    }

    /// <summary>Tokens that one widening of codes serves: as few groups as there can be, of nearly the same size.</summary>
    readonly record struct TokenGroup(int First, int Count)
    {
        internal static TokenGroup Of(int token, int tokens, int most)
        {
            int groups = (tokens + most - 1) / most;
            (int size, int larger) = Math.DivRem(tokens, groups);

            // The larger ones first.
            int ofLarger = larger * (size + 1);
            return token < ofLarger
                ? new(token / (size + 1) * (size + 1), size + 1)
                : new(ofLarger + (token - ofLarger) / size * size, size);
        }
    }

    /// <summary>Two rows times one token.</summary>
    /// <param name="one">A row.</param>
    /// <param name="two">Another.</param>
    /// <param name="codesAhead">Bytes to the codes of the row that is asked for meanwhile.</param>
    /// <param name="scalesAhead">The same of scales.</param>
    /// <param name="blocks">Of a lane: 1 or 2.</param>
    /// <param name="table">What a scale's code stands for.</param>
    /// <param name="x">As <see cref="ArrangeFourBitLanes"/> lays it out.</param>
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
