using System.Runtime.CompilerServices;
using Octet.Backends.Cpu.MachineCode;

namespace Octet.Backends.Cpu;

/// <summary>Few tokens, where generated code scales the sums of blocks: walks over rows need not end where rows with other scales begin.</summary>
sealed unsafe partial class VectorKernels<TSimd, TVector, TE4M3>
{
    static bool CanScale(DotsFunctions functions, CpuWeight weight)
        => functions.ScaledColumns > 0
            && ActivationGroup % functions.ScaledColumns == 0
            && weight.Columns % functions.ScaledColumns == 0
            && (weight.BlockColumns >= weight.Columns || weight.BlockColumns % functions.ScaledColumns == 0);

    /// <summary>Rows [row, row + Walks * far) of codes times the tokens of <paramref name="input"/>, in walks of <paramref name="far"/> rows.</summary>
    /// <param name="functions">Generated code.</param>
    /// <param name="weight">The matrix.</param>
    /// <param name="row">The first row.</param>
    /// <param name="far">Rows of a walk.</param>
    /// <param name="input">Tokens, whose scales may be part of it.</param>
    /// <param name="x">The same arranged, <see cref="ArrangedStride"/> floats apart.</param>
    /// <param name="y">Output of the first token, of row 0.</param>
    /// <param name="yStride">Floats between the outputs of two tokens.</param>
    /// <param name="scales">Memory for scales, a float for each column.</param>
    /// <param name="sums">Memory.</param>
    static void ScaledDots(DotsFunctions functions, CpuWeight weight, long row, long far, in LinearInput input, float* x, float* y, int yStride, float* scales, float* sums)
    {
        int columns = weight.Columns;
        int steps = columns / functions.ScaledColumns;
        nint apart = (nint)far * columns;
        bool oneBlock = weight.BlockColumns >= columns;
        bool hasScaleOfRow = oneBlock && weight.BlockRows == 1 && weight.IsScaled;
        bool isScaledByRow = !oneBlock && weight.BlockRows == 1;
        int most = input.Rows == 1 ? WalkRows : (int)Math.Clamp(SharedRowBytes / ((nint)Walks * columns), 1, WalkRows);
        float one = 1;
        for (long end = row + far; row < end;)
        {
            int rows = (int)Math.Min(Math.Min(most, end - row), RowsOfSameScales(weight, row, far));
            for (int t = 0; t < input.Rows; t++)
            {
                float* inputScales = input.Scales is null ? null : input.Scales + (nint)t * input.ScaleStride;
                for (int r = 0; r < (isScaledByRow ? rows : 1); r++)
                {
                    for (int walk = 0; walk < Walks; walk++)
                    {
                        float* ofBlocks = hasScaleOfRow || !weight.IsScaled ? &one : weight.Scales(row + r + walk * far);
                        WriteScales(ofBlocks, ofBlocks == &one || oneBlock ? steps : weight.BlockColumns / functions.ScaledColumns, inputScales, steps, scales + (nint)r * steps * Walks + walk);
                    }
                }

                functions.MultiplyE4M3(new DotsRun
                {
                    First = weight.Row(row),
                    Apart = apart,
                    Inputs = x + (nint)t * ArrangedStride(columns),
                    Sums = sums,
                    Rows = rows,
                    Steps = steps,
                    InputMove = -(nint)columns * sizeof(float),
                    Scales = scales,
                    ScaleMove = isScaledByRow ? 0 : -(nint)steps * Walks * sizeof(float),
                });
                if (t == 0 && row + rows == end && end + (Walks - 1) * far < weight.Rows)
                {
                    PrefetchWalks(weight.Row(end + (Walks - 1) * far), apart);
                }

                FoldWalks(rows, sums);
                for (int walk = 0; walk < Walks; walk++)
                {
                    long at = row + walk * far;
                    ScaleSums(sums + walk * WalkSums, rows, TE4M3.HalfUnit, hasScaleOfRow ? null : &one, hasScaleOfRow ? weight.Scales(at) : null, y + (nint)t * yStride + at);
                }
            }

            row += rows;
        }
    }

    // Until one of the walks comes to rows with other scales.
    static long RowsOfSameScales(CpuWeight weight, long row, long far)
    {
        long rows = long.MaxValue;
        for (int walk = 0; weight.BlockRows > 1 && walk < Walks; walk++)
        {
            rows = Math.Min(rows, weight.BlockRows - (row + walk * far) % weight.BlockRows);
        }

        return rows;
    }

    /// <summary>One walk's scales: those of blocks of <paramref name="stepsOfBlock"/> steps, times those of the input where there are any.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void WriteScales(float* ofBlocks, int stepsOfBlock, float* inputScales, int steps, float* scales)
    {
        for (int step = 0; step < steps; ofBlocks++)
        {
            for (int end = Math.Min(steps, step + stepsOfBlock); step < end; step++, scales += Walks)
            {
                *scales = inputScales is null ? *ofBlocks : *ofBlocks * inputScales[step];
            }
        }
    }
}
