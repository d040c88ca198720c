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
/// The loops, from the outside: up to 512 tokens; columns of which all their inputs stay near (<see cref="ProductCode.CachedInputBytes"/>); 32 rows; as many
/// columns as their weights stay in the first level while every token passes (<see cref="ProductCode.PanelColumns"/>); two groups of 16 tokens in tiles, up
/// to three in vectors; the columns of one scale.
/// Sums of a panel of 32 rows stay [group][row][token] until all columns of the inputs at hand are added, and are turned once.
/// </remarks>
static unsafe class BFloat16Product
{
    const int PassGroups = 32;
    const int GroupSums = ProductBlock.PanelRows * ProductBlock.GroupTokens;

    // A panel, its sums with two groups, the sums of all groups: counts of floats.
    const int PanelFloats = ProductBlock.PanelRows * ProductBlock.RowBytes / sizeof(float);
    internal const int ScratchFloats = PanelFloats + 2 * GroupSums + PassGroups * GroupSums;

    /// <summary>E4M3 or bfloat16, with scales that change at multiples of the columns of a step, if at all.</summary>
    internal static bool CanMultiply(CpuWeight weight)
        => weight.Format is WeightFormat.E4M3 or WeightFormat.BFloat16
            && (weight.BlockColumns >= weight.Columns || weight.BlockColumns % ProductBlock.StepColumns == 0);

    /// <summary>As <see cref="CpuKernels.Linear"/>, for a weight that <see cref="CanMultiply"/> and input that is prepared.</summary>
    internal static void Run(ProductCode code, CpuWeight weight, long first, long end, in LinearInput x, float* y, int yStride, float* scratch)
    {
        Panel panel = new(scratch, new PackedInput(x.Prepared, x.Rows, weight.Columns), x.Scales is not null);
        int groups = (x.Rows + ProductBlock.GroupTokens - 1) / ProductBlock.GroupTokens;
        code.Begin();
        for (int group = 0; group < groups; group += PassGroups)
        {
            int endGroup = Math.Min(groups, group + PassGroups);
            int token = group * ProductBlock.GroupTokens;
            int tokens = Math.Min(x.Rows, endGroup * ProductBlock.GroupTokens) - token;
            int most = code.CachedInputBytes / ((endGroup - group) * ProductBlock.GroupTokens * sizeof(ushort)) / code.PanelColumns * code.PanelColumns;
            for (int column = 0; column < weight.Columns; column += most)
            {
                int endColumn = (int)Math.Min(weight.Columns, column + (long)most);
                for (long row = first; row < end; row += ProductBlock.PanelRows)
                {
                    int rows = (int)Math.Min(ProductBlock.PanelRows, end - row);
                    if (rows == ProductBlock.PanelRows)
                    {
                        code.Expect(y + (nint)token * yStride + row, yStride, tokens);
                    }

                    panel.Multiply(code, weight, row, rows, column, endColumn, group, endGroup);
                    Store(panel.Totals, rows, tokens, y + (nint)token * yStride + row, yStride, add: column > 0);
                }
            }
        }

        code.End();
    }

    /// <summary>
    /// Rows of the panel in bfloat16, zero from the last column to the end of its step; <paramref name="ahead"/> bytes from them lies what is wanted
    /// next, or 0: who multiplies asks for it.
    /// </summary>
    static void Widen(CpuWeight weight, long row, int rows, int column, int columns, nint ahead, byte* panel, int rowBytes)
    {
        int padding = PackedInput.Steps(columns) * ProductBlock.StepColumns - columns;
        if (weight.Format == WeightFormat.E4M3 && VbmiE4M3Weights.IsSupported && padding == 0 && columns % Vector512<byte>.Count == 0)
        {
            byte* powers = weight.HasPowers ? weight.StoredScales(row) + column / ScaledE4M3.BlockColumns : null;
            VbmiE4M3Weights.ToBFloat16(weight.Row(row) + column, rows, weight.Columns, columns, ahead, (ushort*)panel, rowBytes / sizeof(ushort), powers, powers is null ? 0 : weight.ScaleStride);
            return;
        }

        for (int r = 0; r < rows; r++, panel += rowBytes)
        {
            byte* data = weight.Row(row + r) + (nint)column * weight.ElementBytes;
            if (ahead != 0)
            {
                Prefetch(data + ahead, columns * weight.ElementBytes);
            }

            if (weight.Format == WeightFormat.E4M3)
            {
                WidenE4M3(data, columns, panel);
                if (weight.HasPowers)
                {
                    ScaledE4M3.Multiply((ushort*)panel, columns, weight.StoredScales(row + r) + column / ScaledE4M3.BlockColumns);
                }
            }
            else
            {
                new ReadOnlySpan<BFloat16>(data, columns).CopyTo(new Span<BFloat16>(panel, columns));
            }

            new Span<BFloat16>(panel + columns * sizeof(ushort), padding).Clear();
        }
    }

    static void WidenE4M3(byte* data, int columns, byte* panel)
    {
        int done = 0;
        if (VbmiE4M3Weights.IsSupported)
        {
            done = columns / Vector512<byte>.Count * Vector512<byte>.Count;
            VbmiE4M3Weights.ToBFloat16(data, 1, 0, done, 0, (ushort*)panel, 0);
        }

        if (done < columns)
        {
            BulkConversion.Convert(new ReadOnlySpan<Float8E4M3FN>(data + done, columns - done), new Span<BFloat16>((ushort*)panel + done, columns - done));
        }
    }

    // Into the second level, where it arrives while tiles are multiplied: the walk over short rows is none that the processor foresees.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Prefetch(byte* data, int bytes)
    {
        for (int line = 0; Sse.IsSupported && line < bytes; line += 64)
        {
            Sse.Prefetch1(data + line);
        }
    }

    /// <summary>One factor a row for each block of columns in turn.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void CollectFactors(CpuWeight weight, long row, int rows, int column, int end, bool tokenScales, float* factors)
    {
        bool isScaled = weight.IsScaled && !weight.HasPowers;
        bool inCommon = !isScaled || row / weight.BlockRows == (row + rows - 1) / weight.BlockRows;
        float* shared = isScaled ? weight.Scales(row) : null;
        for (int k = column; k < end; k = BlockEnd(weight, k, end, tokenScales), factors += ProductBlock.PanelRows)
        {
            int block = k / BlockColumns(weight);
            if (inCommon)
            {
                new Span<float>(factors, ProductBlock.PanelRows).Fill(shared is null ? 1 : shared[block]);
                continue;
            }

            for (int r = 0; r < rows; r++)
            {
                factors[r] = weight.Scales(row + r)[block];
            }
        }
    }

    // Scales that rows are multiplied with when they are widened end no block of sums.
    static int BlockColumns(CpuWeight weight) => weight.HasPowers ? weight.Columns : weight.BlockColumns;

    /// <summary>Where the next scale, of the weights or of the tokens, begins.</summary>
    static int BlockEnd(CpuWeight weight, int column, int end, bool tokenScales)
    {
        int blockEnd = (int)Math.Min(end, (column / BlockColumns(weight) + 1L) * BlockColumns(weight));
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
                float* to = y + token * yStride + row;
                float* from = totals + row * ProductBlock.GroupTokens;
                int width = Math.Min(SquareTranspose.Size, rows - row);
                if (Avx512F.IsSupported && width == SquareTranspose.Size && count == ProductBlock.GroupTokens && !add)
                {
                    StoreSquare((Vector512<uint>*)from, square, to, yStride);
                    continue;
                }

                for (int i = 0; i < SquareTranspose.Size; i++)
                {
                    square[i] = Vector512.Load((uint*)from + i * ProductBlock.GroupTokens);
                }

                SquareTranspose.Transpose(square);
                for (int t = 0; t < count; t++, to += yStride)
                {
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void StoreSquare(Vector512<uint>* from, Vector512<uint>* square, float* to, nint stride)
    {
        for (int i = 0; i < 4; i++)
        {
            SquareTranspose.ExchangeQuarters(from[i], from[i + 4], from[i + 8], from[i + 12], square + i);
        }

        for (int i = 0; i < SquareTranspose.Size; i += 4, to += 4 * stride)
        {
            SquareTranspose.ExchangeLanes(square + i, out Vector512<uint> a, out Vector512<uint> b, out Vector512<uint> c, out Vector512<uint> d);
            a.AsSingle().Store(to);
            b.AsSingle().Store(to + stride);
            c.AsSingle().Store(to + 2 * stride);
            d.AsSingle().Store(to + 3 * stride);
        }
    }

    /// <summary>A worker's scratch, cut up, and what all workers read.</summary>
    readonly struct Panel(float* scratch, PackedInput inputs, bool tokenScales)
    {
        readonly byte* _weights = (byte*)scratch;
        readonly float* _sums = scratch + PanelFloats;

        /// <summary>[group][32 rows][16 tokens], from the first group of the last <see cref="Multiply"/>.</summary>
        internal float* Totals { get; } = scratch + PanelFloats + 2 * GroupSums;

        /// <summary>Totals = <paramref name="rows"/> rows times the tokens of groups, over columns [column, endColumn).</summary>
        internal void Multiply(ProductCode code, CpuWeight weight, long row, int rows, int column, int endColumn, int firstGroup, int endGroup)
        {
            float* factors = stackalloc float[ProductBlock.RowBytes / sizeof(ushort) / ProductBlock.StepColumns * ProductBlock.PanelRows];
            bool inPanels = code.MultipliesPanels(tokenScales);
            if (inPanels)
            {
                new Span<float>(Totals, (endGroup - firstGroup) * GroupSums).Clear();
            }

            // Few tokens wait for memory: they ask for as much of the next rows with each step as a step multiplies, in the order in which it lies. With
            // more there is time enough, and what comes too early is gone when it is wanted: each turn asks for some rows of the next panel.
            int groups = endGroup - firstGroup;
            bool byTurns = inPanels && !code.MultipliesBlocks;
            bool asksAlong = byTurns && groups <= DotProductCode.MostGroups && column == 0 && endColumn == weight.Columns;
            for (int start = column; start < endColumn; start += code.PanelColumns)
            {
                int stop = Math.Min(endColumn, start + code.PanelColumns);
                nint ahead = (stop < endColumn ? stop - start : (nint)ProductBlock.PanelRows * weight.Columns - (start - column)) * weight.ElementBytes;
                Widen(weight, row, rows, start, stop - start, byTurns ? 0 : ahead, _weights, code.RowBytes);
                CollectFactors(weight, row, rows, start, stop, tokenScales, factors);
                if (!inPanels)
                {
                    MultiplyBlocks(code, weight, rows, start, stop, factors, firstGroup, endGroup, add: start > column);
                }
                else if (!byTurns)
                {
                    MultiplyPanel(code, weight, start, stop, factors, firstGroup, endGroup, null, Totals);
                }
                else if (asksAlong)
                {
                    byte* along = weight.Row(row) + (nint)ProductBlock.PanelRows * (weight.Columns + start) * weight.ElementBytes;
                    MultiplyPanel(code, weight, start, stop, factors, firstGroup, endGroup, along, Totals);
                }
                else
                {
                    byte* wanted = weight.Row(row) + (nint)start * weight.ElementBytes + ahead;
                    nint rowBytes = (nint)weight.Columns * weight.ElementBytes;
                    int asked = 0;
                    for (int group = 0, most; group < groups; group += most)
                    {
                        most = ProductCode.GroupsOfTurn(groups - group);
                        for (int until = ProductBlock.PanelRows * (group + most) / groups; asked < until; asked++)
                        {
                            Prefetch(wanted + asked * rowBytes, (stop - start) * weight.ElementBytes);
                        }

                        MultiplyPanel(code, weight, start, stop, factors, firstGroup + group, firstGroup + group + most, null, Totals + group * GroupSums);
                    }
                }
            }
        }

        /// <summary>All groups in one call for blocks of as many columns each, one more for the last where it is cut.</summary>
        void MultiplyPanel(ProductCode code, CpuWeight weight, int start, int stop, float* factors, int firstGroup, int endGroup, byte* ahead, float* totals)
        {
            int groups = endGroup - firstGroup;
            for (int k = start; k < stop;)
            {
                int columns = BlockEnd(weight, k, stop, tokenScales) - k;
                int blocks = 1;
                int next = k + columns;

                // With scales of tokens, which change every so many columns, blocks that are as wide.
                while (next < stop && (!tokenScales || columns == CpuKernels.ActivationGroup) && BlockEnd(weight, next, stop, tokenScales) - next == columns)
                {
                    blocks++;
                    next += columns;
                }

                PanelBlock block = new()
                {
                    Weights = (ushort*)_weights + (k - start),
                    Inputs = inputs.Group(firstGroup, k),
                    GroupBytes = inputs.GroupBytes,
                    Sums = _sums,
                    Totals = totals,
                    Factors = factors,
                    Steps = PackedInput.Steps(columns),
                    Blocks = blocks,
                    BlockWeightBytes = columns * sizeof(ushort),
                    BlockInputBytes = PackedInput.Steps(columns) * ProductBlock.GroupStepBytes,
                    Scales = tokenScales ? inputs.Scales(firstGroup, k) : null,
                    ScaleBytes = inputs.ScaleGroupBytes,
                    Ahead = ahead is null ? _weights : ahead + (nint)(k - start) * ProductBlock.PanelRows * weight.ElementBytes,
                };
                code.MultiplyPanel(block, groups, tokenScales, weight.ElementBytes);
                factors += blocks * ProductBlock.PanelRows;
                k = next;
            }
        }

        void MultiplyBlocks(ProductCode code, CpuWeight weight, int rows, int start, int stop, float* factors, int firstGroup, int endGroup, bool add)
        {
            for (int group = firstGroup; group < endGroup; group += 2)
            {
                int together = Math.Min(2, endGroup - group);
                float* totals = Totals + (group - firstGroup) * GroupSums;
                float* blockFactors = factors;
                for (int k = start; k < stop; blockFactors += ProductBlock.PanelRows)
                {
                    int next = BlockEnd(weight, k, stop, tokenScales);
                    byte* groupInputs = inputs.Group(group, k);
                    ProductBlock block = new()
                    {
                        Weights = (ushort*)_weights + (k - start),
                        Inputs = groupInputs,
                        MoreInputs = groupInputs + inputs.GroupBytes,
                        Sums = _sums,
                        Steps = PackedInput.Steps(next - k),
                    };
                    code.Multiply(block, rows, together);
                    for (int g = 0; g < together; g++)
                    {
                        float* scales = tokenScales ? inputs.Scales(group + g, k) : null;
                        AddScaled(_sums + g * GroupSums, blockFactors, scales, rows, totals + g * GroupSums, add: add || k > start);
                    }

                    k = next;
                }
            }
        }
    }
}
