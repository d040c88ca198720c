using System.Runtime.CompilerServices;
using Octet.Backends.Cpu.MachineCode;

namespace Octet.Backends.Cpu;

/// <summary>Few tokens, where generated code scales the sums of blocks: walks over rows need not end where rows with other scales begin.</summary>
sealed unsafe partial class VectorKernels<TSimd, TVector, TE4M3>
{
    // From more tokens on a panel for all of them is cheaper.
    const int MostTokensOfDots = 12;

    // As many inputs as a first-level cache holds need not be cut; otherwise parts leave room for weights.
    const int MostNearInputs = 48 << 10 >> 2;
    const int PartOfInputs = 24 << 10 >> 2;

    /// <summary>Whether generated code takes several tokens at once, or takes scales as they are stored.</summary>
    bool HasTokenDots(CpuWeight weight, int rows)
        => weight.Input is null
            && rows <= MostTokensOfDots
            && !weight.IsExpansion
            && (rows > 1 || weight.HasPowers)
            && GeneratedDots<TE4M3>() is { MostTokens: > 0 } functions
            && (weight.Format == WeightFormat.BFloat16 ? !weight.IsExpanded && !weight.IsScaled && weight.Columns % TokenDotsCode.StepOfBFloat16 == 0
                : weight.Format == WeightFormat.E4M3 && (weight.IsExpanded ? TakesPowers(functions, weight) : CanScale(functions, weight)));

    static bool TakesPowers(DotsFunctions functions, CpuWeight weight)
        => weight.HasPowers && weight.Columns % functions.ScaledColumns == 0;

    static bool CanScale(DotsFunctions functions, CpuWeight weight)
        => functions.ScaledColumns > 0
            && ActivationGroup % functions.ScaledColumns == 0
            && weight.Columns % functions.ScaledColumns == 0
            && (weight.BlockColumns >= weight.Columns || weight.BlockColumns % functions.ScaledColumns == 0);

    // [group of tokens][step][part of the step][token][Count]
    void ArrangeTokenGroups<TFormat>(in LinearInput x, int first, int end, int columns, float* destination)
        where TFormat : struct, IWeightFormat<TVector>
    {
        int most = GeneratedDots<TE4M3>()!.MostTokens;
        for (int t = first; t < end; t++)
        {
            TokenGroup group = TokenGroup.Of(t, x.Rows, most);
            Arrange<TFormat>(x.Data + (nint)t * x.Stride, columns, destination + (nint)group.First * columns + (t - group.First) * TSimd.Count, group.Count * TSimd.Count);
        }
    }

    void TokenDots(CpuWeight weight, long first, long end, in LinearInput x, float* y, int yStride, float* scratch)
    {
        DotsFunctions functions = GeneratedDots<TE4M3>()!;
        float* scales = scratch + MostDotTokens * ArrangedStride(weight.Columns);
        float* sums = scales + MostDotTokens * ArrangedStride(weight.Columns);
        if (x.Prepared is not null)
        {
            ScaledDots(functions, weight, first, end, x, (float*)x.Prepared, inGroups: true, y, yStride, scales, sums);
            return;
        }

        // As many as there is memory for.
        for (int t = 0; t < x.Rows; t += MostDotTokens)
        {
            LinearInput some = new(x.Data + (nint)t * x.Stride, x.Stride, Math.Min(MostDotTokens, x.Rows - t), null, 0);
            if (weight.Format == WeightFormat.BFloat16)
            {
                ArrangeTokenGroups<BFloat16Weights<TSimd, TVector>>(some, 0, some.Rows, weight.Columns, scratch);
            }
            else
            {
                ArrangeTokenGroups<TE4M3>(some, 0, some.Rows, weight.Columns, scratch);
            }

            ScaledDots(functions, weight, first, end, some, scratch, inGroups: true, y + (nint)t * yStride, yStride, scales, sums);
        }
    }

    /// <summary>Rows [row, end) of codes times the tokens of <paramref name="input"/>, in walks over distant parts of them.</summary>
    /// <param name="functions">Generated code.</param>
    /// <param name="weight">The matrix.</param>
    /// <param name="row">The first row.</param>
    /// <param name="end">The row after the last.</param>
    /// <param name="input">Tokens, whose scales may be part of it.</param>
    /// <param name="x">The same arranged: <see cref="ArrangedStride"/> floats apart, or in groups.</param>
    /// <param name="inGroups">Whether they are in groups.</param>
    /// <param name="y">Output of the first token, of row 0.</param>
    /// <param name="yStride">Floats between the outputs of two tokens.</param>
    /// <param name="scales">Memory for scales, a float for each column.</param>
    /// <param name="sums">Memory.</param>
    static void ScaledDots(DotsFunctions functions, CpuWeight weight, long row, long end, in LinearInput input, float* x, bool inGroups, float* y, int yStride, float* scales, float* sums)
    {
        int walks = inGroups ? DotsFunctions.WalksOf(input.Rows) : Walks;
        if (end - row >= walks)
        {
            long far = (end - row) / walks;
            ScaledWalks(functions, weight, row, row + far, far, input, x, inGroups, y, yStride, scales, sums);
            row += walks * far;
        }

        // Those that are left each as all of the walks.
        for (; row < end; row++)
        {
            ScaledWalks(functions, weight, row, row + 1, 0, input, x, inGroups, y, yStride, scales, sums);
        }
    }

    // The first walk is rows [row, end), the others those far behind them.
    static void ScaledWalks(DotsFunctions functions, CpuWeight weight, long row, long end, long far, in LinearInput input, float* x, bool inGroups, float* y, int yStride, float* scales, float* sums)
    {
        int columns = weight.Columns;
        bool isBFloat16 = weight.Format == WeightFormat.BFloat16;
        int steps = columns / (isBFloat16 ? TokenDotsCode.StepOfBFloat16 : functions.ScaledColumns);
        nint rowBytes = (nint)columns * weight.ElementBytes;
        nint apart = (nint)far * rowBytes;
        int walks = inGroups ? DotsFunctions.WalksOf(input.Rows) : Walks;
        bool powers = weight.HasPowers;
        bool oneBlock = weight.BlockColumns >= columns;
        bool hasScaleOfRow = oneBlock && weight.BlockRows == 1 && weight.IsScaled;
        bool isScaledByRow = !oneBlock && weight.BlockRows == 1;
        int mostTokens = inGroups ? TokenGroup.Of(0, input.Rows, functions.MostTokens).Count : 1;
        int most = WalkRows * Walks / walks / mostTokens;
        most = input.Rows == mostTokens ? most : (int)Math.Clamp(SharedRowBytes / (walks * rowBytes), 1, most);
        float one = 1;
        while (row < end)
        {
            int rows = (int)Math.Min(Math.Min(most, end - row), RowsOfSameScales(weight, row, far, walks));
            for (int t = 0; t < input.Rows;)
            {
                int tokens = inGroups ? TokenGroup.Of(t, input.Rows, functions.MostTokens).Count : 1;
                float* inputScales = input.Scales is null ? null : input.Scales + (nint)t * input.ScaleStride;
                for (int r = 0; r < (isScaledByRow ? rows : 1) && (t == 0 || inputScales is not null) && !isBFloat16; r++)
                {
                    for (int walk = 0; walk < walks; walk++)
                    {
                        float* place = scales + (nint)r * steps * walks + walk;
                        if (powers)
                        {
                            WritePowers((uint*)weight.StoredScales(row + r + walk * far), steps, walks, (uint*)place);
                            continue;
                        }

                        float* ofBlocks = hasScaleOfRow || !weight.IsScaled ? &one : weight.Scales(row + r + walk * far);
                        WriteScales(ofBlocks, ofBlocks == &one || oneBlock ? steps : weight.BlockColumns / functions.ScaledColumns, inputScales, steps, walks, place);
                    }
                }

                DotsRun run = new()
                {
                    First = weight.Row(row),
                    Apart = apart,
                    Inputs = x + (nint)t * ArrangedStride(columns),
                    Sums = sums,
                    Rows = rows,
                    Steps = steps,
                    InputMove = -(nint)columns * tokens * sizeof(float),
                    Scales = powers ? null : scales,
                    Powers = powers ? (byte*)scales : null,
                    ScaleMove = isScaledByRow ? 0 : -(nint)steps * walks * sizeof(float),
                    IsBFloat16 = isBFloat16,
                    Tokens = tokens,
                };
                if (tokens > 1 || powers)
                {
                    MultiplyTokens(functions, run, columns / steps, walks);
                }
                else if (isBFloat16)
                {
                    functions.MultiplyBFloat16(run);
                }
                else
                {
                    functions.MultiplyE4M3(run);
                }

                if (t == 0 && row + rows == end && end + (walks - 1) * far < weight.Rows)
                {
                    PrefetchWalks(weight.Row(end + (walks - 1) * far), apart, walks);
                }

                int walkSums = DotsRun.WalkFloats(tokens);
                for (int walk = 0; walk < walks; walk++)
                {
                    float* sum = sums + (nint)walk * walkSums;
                    Fold(sum, rows * tokens * TSimd.Count);
                    long at = row + walk * far;
                    if (tokens == 1)
                    {
                        ScaleSums(sum, rows, TE4M3.HalfUnit, hasScaleOfRow ? null : &one, hasScaleOfRow ? weight.Scales(at) : null, y + (nint)t * yStride + at);
                    }
                    else
                    {
                        SpreadSums(sum, rows, tokens, hasScaleOfRow ? weight.Scales(at) : null, y + (nint)t * yStride + at, yStride);
                    }
                }

                t += tokens;
            }

            row += rows;
        }
    }

    // As many columns at a time as their inputs stay in the first level of the cache while all rows pass.
    static void MultiplyTokens(DotsFunctions functions, in DotsRun run, int stepColumns, int walks)
    {
        int inputsOfStep = run.Tokens * stepColumns;
        int most = run.Steps * inputsOfStep <= MostNearInputs ? run.Steps : Math.Max(1, PartOfInputs / inputsOfStep);
        int bytes = run.IsBFloat16 ? stepColumns * sizeof(ushort) : stepColumns;
        for (int walk = 0; walk < walks; walk++)
        {
            new Span<float>(run.Sums + walk * DotsRun.WalkFloats(run.Tokens), run.Rows * run.Tokens * TSimd.Count).Clear();
        }

        for (int step = 0, count; step < run.Steps; step += count)
        {
            count = Math.Min(most, run.Steps - step);
            int left = run.Steps - count;
            functions.MultiplyTokens(run with
            {
                First = run.First + (nint)step * bytes,
                RowMove = (nint)left * bytes,
                Inputs = run.Inputs + (nint)step * stepColumns * run.Tokens,
                InputMove = -(nint)count * stepColumns * run.Tokens * sizeof(float),
                Steps = count,
                Scales = run.Scales is null ? null : run.Scales + step * walks,
                Powers = run.Powers is null ? null : run.Powers + step * walks * sizeof(float),
                ScaleMove = run.ScaleMove + (nint)left * walks * sizeof(float),
            });
        }
    }

    // Until one of the walks comes to rows with other scales.
    static long RowsOfSameScales(CpuWeight weight, long row, long far, int walks)
    {
        long rows = long.MaxValue;
        for (int walk = 0; weight.BlockRows > 1 && walk < walks; walk++)
        {
            rows = Math.Min(rows, weight.BlockRows - (row + walk * far) % weight.BlockRows);
        }

        return rows;
    }

    /// <summary>One walk's scales: those of blocks of <paramref name="stepsOfBlock"/> steps, times those of the input where there are any.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void WriteScales(float* ofBlocks, int stepsOfBlock, float* inputScales, int steps, int walks, float* scales)
    {
        for (int step = 0; step < steps; ofBlocks++)
        {
            for (int end = Math.Min(steps, step + stepsOfBlock); step < end; step++, scales += walks)
            {
                *scales = inputScales is null ? *ofBlocks : *ofBlocks * inputScales[step];
            }
        }
    }

    /// <summary>The same of scales in 8 bits, four of a step.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void WritePowers(uint* ofSteps, int steps, int walks, uint* scales)
    {
        for (int step = 0; step < steps; step++, scales += walks)
        {
            *scales = ofSteps[step];
        }
    }

    /// <summary>y[token][row] = sums [row][token], each times its row's scale.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void SpreadSums(float* sums, int rows, int tokens, float* scales, float* y, int yStride)
    {
        for (int row = 0; row < rows; row++)
        {
            float scale = scales is null ? 1 : scales[row];
            for (int token = 0; token < tokens; token++)
            {
                y[(nint)token * yStride + row] = *sums++ * scale;
            }
        }
    }
}
