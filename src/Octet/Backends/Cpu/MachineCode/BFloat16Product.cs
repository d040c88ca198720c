using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Octet.Numerics;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>
/// Linear layers as products of bfloat16: inputs rounded to it, weights widened to it exactly, sums in float32. A scale multiplies the sum
/// of its block, so no scaled weight is rounded.
/// </summary>
/// <remarks>
/// The loops, from the outside: up to 512 tokens; columns of which all their inputs fit half of a second-level cache of 2 MB; 32 rows; 512
/// columns, whose weights (32 KB) stay in the first level while every token passes; two groups of 16 tokens; the columns of one scale.
/// Sums of a panel of 32 rows stay [group][row][token] until all columns of the inputs at hand are added, and are turned once.
/// </remarks>
static unsafe class BFloat16Product
{
    const int PanelColumns = ProductBlock.RowBytes / sizeof(ushort);
    const int PassTokens = 512;
    const int InputElements = 1 << 19;
    const int GroupSums = ProductBlock.PanelRows * ProductBlock.GroupTokens;

    // A panel, its sums with two groups, the sums of all groups, the inputs, the inputs' scales: counts of floats.
    const int PanelFloats = ProductBlock.PanelRows * ProductBlock.RowBytes / sizeof(float);
    const int TotalFloats = PassTokens * ProductBlock.PanelRows;
    const int InputFloats = InputElements / 2;
    const int ScaleFloats = InputElements / CpuKernels.ActivationGroup;
    internal const int ScratchFloats = PanelFloats + 2 * GroupSums + TotalFloats + InputFloats + ScaleFloats;

    /// <summary>E4M3 or bfloat16, with scales that change at multiples of the columns of a step, if at all.</summary>
    internal static bool CanMultiply(CpuWeight weight)
        => weight.Format is WeightFormat.E4M3 or WeightFormat.BFloat16
            && (weight.BlockColumns >= weight.Columns || weight.BlockColumns % ProductBlock.StepColumns == 0);

    /// <summary>As <see cref="CpuKernels.Linear"/>, for a weight that <see cref="CanMultiply"/>.</summary>
    internal static void Run(ProductCode code, CpuWeight weight, long first, long end, in LinearInput x, float* y, int yStride, float* scratch)
    {
        Workspace space = new(scratch);
        code.Begin();
        for (int token = 0; token < x.Rows; token += PassTokens)
        {
            int tokens = Math.Min(PassTokens, x.Rows - token);
            int groups = (tokens + ProductBlock.GroupTokens - 1) / ProductBlock.GroupTokens;
            LinearInput part = new(
                x.Data + (nint)token * x.Stride, x.Stride, tokens, x.Scales is null ? null : x.Scales + (nint)token * x.ScaleStride, x.ScaleStride);
            int most = InputElements / (groups * ProductBlock.GroupTokens) / PanelColumns * PanelColumns;
            for (int column = 0; column < weight.Columns; column += most)
            {
                int columns = Math.Min(most, weight.Columns - column);
                PackInputs(part, groups, column, columns, space);
                for (long row = first; row < end; row += ProductBlock.PanelRows)
                {
                    int rows = (int)Math.Min(ProductBlock.PanelRows, end - row);
                    MultiplyPanel(code, weight, row, rows, column, columns, groups, x.Scales is not null, space);
                    Store(space.Totals, rows, tokens, y + (nint)token * yStride + row, yStride, add: column > 0);
                }
            }
        }

        code.End();
    }

    /// <summary>
    /// For each group of 16 tokens the columns in pairs, for each pair the bfloat16 pairs of the 16 tokens, zero past the last token and the
    /// last column; and for each 128 columns the scales of every token.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void PackInputs(in LinearInput x, int groups, int column, int columns, in Workspace space)
    {
        int padded = Steps(columns) * ProductBlock.StepColumns;
        Vector512<uint>* square = stackalloc Vector512<uint>[SquareTranspose.Size];
        byte* to = space.Inputs;
        for (int group = 0; group < groups; group++)
        {
            int token = group * ProductBlock.GroupTokens;
            for (int step = 0; step < padded; step += ProductBlock.StepColumns, to += ProductBlock.GroupStepBytes)
            {
                for (int t = 0; t < ProductBlock.GroupTokens; t++)
                {
                    // Rows of activations end in zeros up to a multiple of 64.
                    float* from = x.Data + (nint)(token + t) * x.Stride + column + step;
                    square[t] = token + t < x.Rows ? RoundToPairs(from) : Vector512<uint>.Zero;
                }

                SquareTranspose.Transpose(square);
                for (int pair = 0; pair < SquareTranspose.Size; pair++)
                {
                    square[pair].Store((uint*)to + pair * SquareTranspose.Size);
                }
            }
        }

        int tokens = groups * ProductBlock.GroupTokens;
        for (int at = 0; x.Scales is not null && at < columns; at += CpuKernels.ActivationGroup)
        {
            float* scales = space.TokenScales + at / CpuKernels.ActivationGroup * tokens;
            for (int t = 0; t < tokens; t++)
            {
                scales[t] = t < x.Rows ? x.Scales[(nint)t * x.ScaleStride + (column + at) / CpuKernels.ActivationGroup] : 0;
            }
        }
    }

    /// <summary>32 floats to nearest even, in their order: two in each lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<uint> RoundToPairs(float* source)
    {
        Vector512<uint> first = Round(Vector512.Load(source));
        Vector512<uint> second = Round(Vector512.Load(source + Vector512<float>.Count));
        return Vector512.Narrow(first, second).AsUInt32();
    }

    // A NaN is made quiet: rounding could carry it into infinity.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<uint> Round(Vector512<float> value)
    {
        Vector512<uint> bits = value.AsUInt32();
        Vector512<uint> rounded = bits + Vector512.Create(0x7FFFu) + ((bits >>> 16) & Vector512.Create(1u));
        Vector512<uint> number = Vector512.Equals(value, value).AsUInt32();
        return Vector512.ConditionalSelect(number, rounded, bits | Vector512.Create(0x00400000u)) >>> 16;
    }

    static void MultiplyPanel(
        ProductCode code, CpuWeight weight, long row, int rows, int column, int columns, int groups, bool tokenScales, in Workspace space)
    {
        int inputBytes = Steps(columns) * ProductBlock.GroupStepBytes;
        float* factors = stackalloc float[PanelColumns / ProductBlock.StepColumns * ProductBlock.PanelRows];
        for (int start = 0; start < columns; start += PanelColumns)
        {
            int stop = Math.Min(columns, start + PanelColumns);
            Widen(weight, row, rows, column + start, stop - start, space.Panel);
            CollectFactors(weight, row, rows, column + start, column + stop, tokenScales, factors);
            for (int group = 0; group < groups; group += 2)
            {
                int together = Math.Min(2, groups - group);
                float* blockFactors = factors;
                for (int k = start; k < stop; blockFactors += ProductBlock.PanelRows)
                {
                    int next = BlockEnd(weight, column + k, column + stop, tokenScales) - column;
                    byte* inputs = space.Inputs + (nint)group * inputBytes + k / ProductBlock.StepColumns * ProductBlock.GroupStepBytes;
                    ProductBlock block = new()
                    {
                        Weights = (ushort*)space.Panel + (k - start),
                        Inputs = inputs,
                        MoreInputs = inputs + inputBytes,
                        Sums = space.Sums,
                        Steps = Steps(next - k),
                    };
                    code.Multiply(block, rows, together);
                    for (int g = 0; g < together; g++)
                    {
                        float* scales = tokenScales ? space.TokenScales + (k / CpuKernels.ActivationGroup * groups + group + g) * ProductBlock.GroupTokens : null;
                        AddScaled(space.Sums + g * GroupSums, blockFactors, scales, rows, space.Totals + (group + g) * GroupSums, add: k > 0);
                    }

                    k = next;
                }
            }
        }
    }

    /// <summary>Rows of the panel in bfloat16, zero from the last column to the end of its step.</summary>
    static void Widen(CpuWeight weight, long row, int rows, int column, int columns, byte* panel)
    {
        int padding = Steps(columns) * ProductBlock.StepColumns - columns;
        for (int r = 0; r < rows; r++, panel += ProductBlock.RowBytes)
        {
            byte* data = weight.Row(row + r) + (nint)column * weight.ElementBytes;
            PrefetchNext(data, columns * weight.ElementBytes);
            Span<BFloat16> output = new(panel, columns);
            if (weight.Format == WeightFormat.E4M3)
            {
                BulkConversion.Convert(new ReadOnlySpan<Float8E4M3FN>(data, columns), output);
            }
            else
            {
                new ReadOnlySpan<BFloat16>(data, columns).CopyTo(output);
            }

            new Span<BFloat16>(panel + columns * sizeof(ushort), padding).Clear();
        }
    }

    // The same row's next columns are wanted 32 short rows later, too far apart for the processor to see it coming.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void PrefetchNext(byte* data, int bytes)
    {
        for (int line = 0; Sse.IsSupported && line < bytes; line += 64)
        {
            Sse.Prefetch1(data + bytes + line);
        }
    }

    /// <summary>One factor a row for each block of columns in turn.</summary>
    static void CollectFactors(CpuWeight weight, long row, int rows, int column, int end, bool tokenScales, float* factors)
    {
        while (column < end)
        {
            for (int r = 0; r < rows; r++)
            {
                factors[r] = weight.IsScaled ? weight.Scales(row + r)[column / weight.BlockColumns] : 1;
            }

            factors += ProductBlock.PanelRows;
            column = BlockEnd(weight, column, end, tokenScales);
        }
    }

    /// <summary>Where the next scale, of the weights or of the tokens, begins.</summary>
    static int BlockEnd(CpuWeight weight, int column, int end, bool tokenScales)
    {
        int blockEnd = (int)Math.Min(end, (column / weight.BlockColumns + 1L) * weight.BlockColumns);
        return tokenScales ? Math.Min(blockEnd, (column / CpuKernels.ActivationGroup + 1) * CpuKernels.ActivationGroup) : blockEnd;
    }

    /// <summary>totals[row][token] (+)= sums[row][token] * factors[row], times scales[token] unless null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddScaled(float* sums, float* factors, float* scales, int rows, float* totals, bool add)
    {
        Vector512<float> tokens = scales is null ? Vector512<float>.One : Vector512.Load(scales);
        for (int r = 0; r < rows; r++, sums += ProductBlock.GroupTokens, totals += ProductBlock.GroupTokens)
        {
            Vector512<float> factor = tokens * Vector512.Create(factors[r]);
            Vector512<float> sum = Vector512.Load(sums);
            (add ? Vector512.MultiplyAddEstimate(sum, factor, Vector512.Load(totals)) : sum * factor).Store(totals);
        }
    }

    /// <summary>y[token][row] (+)= totals[group][row][token].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Store(float* totals, int rows, int tokens, float* y, nint yStride, bool add)
    {
        Vector512<uint>* square = stackalloc Vector512<uint>[SquareTranspose.Size];
        for (int token = 0; token < tokens; token += ProductBlock.GroupTokens, totals += GroupSums)
        {
            int count = Math.Min(ProductBlock.GroupTokens, tokens - token);
            for (int row = 0; row < rows; row += SquareTranspose.Size)
            {
                for (int i = 0; i < SquareTranspose.Size; i++)
                {
                    square[i] = Vector512.Load((uint*)totals + (row + i) * ProductBlock.GroupTokens);
                }

                SquareTranspose.Transpose(square);
                int width = Math.Min(SquareTranspose.Size, rows - row);
                for (int t = 0; t < count; t++)
                {
                    float* to = y + (token + t) * yStride + row;
                    Vector512<float> value = square[t].AsSingle();
                    if (width == SquareTranspose.Size)
                    {
                        (add ? value + Vector512.Load(to) : value).Store(to);
                        continue;
                    }

                    for (int i = 0; i < width; i++)
                    {
                        to[i] = add ? to[i] + value[i] : value[i];
                    }
                }
            }
        }
    }

    static int Steps(int columns) => (columns + ProductBlock.StepColumns - 1) / ProductBlock.StepColumns;

    /// <summary>A worker's scratch, cut up.</summary>
    readonly struct Workspace(float* scratch)
    {
        internal byte* Panel { get; } = (byte*)scratch;

        internal float* Sums { get; } = scratch + PanelFloats;

        internal float* Totals { get; } = scratch + PanelFloats + 2 * GroupSums;

        internal byte* Inputs { get; } = (byte*)(scratch + PanelFloats + 2 * GroupSums + TotalFloats);

        internal float* TokenScales { get; } = scratch + PanelFloats + 2 * GroupSums + TotalFloats + InputFloats;
    }
}
