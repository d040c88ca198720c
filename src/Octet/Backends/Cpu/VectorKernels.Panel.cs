using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Octet.Backends.Cpu;

/// <summary>
/// Many tokens (prefill, batches): weights are widened and scaled once into a panel [columns][two vectors of rows], which stays in the
/// first-level cache while every token passes; sums of two vectors of rows and up to 6 tokens stay in registers. After Goto and van de
/// Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008).
/// </summary>
sealed unsafe partial class VectorKernels<TSimd, TVector, TE4M3>
{
    // 256 columns x 16 rows of float32 with 256-bit vectors: 16 KB.
    const int PanelColumns = 256;
    const int TileTokens = 6;
    const int MostPrefetchTokens = 64;

    // Behind packed weights, where prefetching looks.
    const int PanelSlack = 4096;

    static int PanelRows => 2 * TSimd.Count;

    // The panel, a square of lanes, the sums of a tile.
    static int PanelScratch => PanelColumns * PanelRows + TSimd.Count * TSimd.Count + TileTokens * PanelRows;

    internal override int PanelHeight => PanelRows;

    // Narrower weights stay in their bits: a copy of them would be wider.
    internal override long PackedFloats(CpuWeight weight)
        => weight.Format == WeightFormat.Float32 && !weight.IsScaled && !weight.IsExpanded ? (weight.Rows + PanelRows - 1) / PanelRows * PanelRows * weight.Columns + PanelSlack : 0;

    internal override void PackPanel(CpuWeight weight, long row, float* scratch)
    {
        int rows = (int)Math.Min(PanelRows, weight.Rows - row);
        for (int k = 0; k < weight.Columns; k += PanelColumns)
        {
            // A panel may be written past its last column: by way of the scratch memory.
            int stop = Math.Min(weight.Columns, k + PanelColumns);
            Pack<SingleWeights<TSimd, TVector>>(weight, row, rows, k, stop, false, scratch, scratch + PanelColumns * PanelRows);
            long floats = (long)(stop - k) * PanelRows;
            Buffer.MemoryCopy(scratch, weight.Packed + (row * weight.Columns) + ((long)k * PanelRows), floats * sizeof(float), floats * sizeof(float));
        }
    }

    static void Panels<TFormat>(CpuWeight weight, long first, long end, in LinearInput x, float* y, int yStride, float* scratch)
        where TFormat : struct, IWeightFormat<TVector>
    {
        float* square = scratch + PanelColumns * PanelRows;
        float* sums = square + TSimd.Count * TSimd.Count;
        float* factors = stackalloc float[2 * 16];
        for (long row = first; row < end; row += PanelRows)
        {
            int rows = (int)Math.Min(PanelRows, end - row);
            for (int k = 0; k < weight.Columns;)
            {
                // With quantised input a panel is one activation group inside one scale block: both scales multiply its sum.
                int stop = Math.Min(weight.Columns, k + PanelColumns);
                bool scaleSums = x.Scales is not null && weight.IsScaled;
                if (x.Scales is not null)
                {
                    stop = Math.Min(Math.Min(stop, (k / ActivationGroup + 1) * ActivationGroup), (k / weight.BlockColumns + 1) * weight.BlockColumns);
                }

                float* panel = scratch;
                if (weight.Packed is not null)
                {
                    panel = weight.Packed + (row * weight.Columns) + ((nint)k * PanelRows);
                }
                else
                {
                    Pack<TFormat>(weight, row, rows, k, stop, !scaleSums, scratch, square);
                }

                for (int r = 0; r < rows; r++)
                {
                    factors[r] = TFormat.HalfUnit * (scaleSums ? weight.Scales(row + r)[k / weight.BlockColumns] : 1);
                }

                PanelTile tile = new()
                {
                    Weights = panel,
                    Stride = PanelRows,
                    Depth = stop - k,
                    Rows = rows,
                    RowFactors = factors,
                    TokenFactors = x.Scales is null ? null : x.Scales + k / ActivationGroup,
                    TokenFactorStride = x.ScaleStride,
                    Sums = sums,
                    Add = k > 0,
                    Next = x.Rows > MostPrefetchTokens ? null : stop < weight.Columns ? weight.Row(row) + (nint)stop * TFormat.ElementBytes : weight.Row(row + PanelRows),
                    NextStride = (nint)weight.Columns * TFormat.ElementBytes,
                    NextBytes = Math.Min(PanelColumns, stop < weight.Columns ? weight.Columns - stop : weight.Columns) * TFormat.ElementBytes,
                };
                if (weight.Packed is not null)
                {
                    // What is multiplied next lies behind.
                    tile.Next = (byte*)(panel + ((nint)(stop - k) * PanelRows));
                    tile.NextBytes = PanelColumns * sizeof(float);
                    tile.NextStride = tile.NextBytes;
                }

                Multiply(tile, x.Data + k, x.Stride, x.Rows, y + row, yStride);
                k = stop;
            }
        }
    }

    /// <summary>y[t][r] (+)= sum over k of x[t][k] * weights[k][r], times the factors, for every token.</summary>
    static void Multiply(PanelTile tile, float* x, nint xStride, int tokens, float* y, nint yStride)
    {
        // Memory is idle while tiles are multiplied: the rows of the next panel come meanwhile, a share of them with each tile.
        int nextRows = tile.Next is null ? 0 : PanelRows;
        int share = (PanelRows * TileTokens + tokens - 1) / tokens;
        for (int t = 0; t < tokens;)
        {
            tile.PrefetchNext(Math.Min(share, nextRows));
            nextRows -= Math.Min(share, nextRows);

            // Sixes and fours: 7 is 4 and 3, 8 is 4 and 4.
            int left = tokens - t;
            int count = Math.Min(left, left is 5 or 6 or > 8 ? 6 : 4);
            tile.Tokens = count;
            tile.Output = tile.TokenFactors is null && tile.Rows == PanelRows && (count == 4 || count == 6) ? y + t * yStride : null;
            tile.OutputStride = yStride;
            if (count > 4)
            {
                Tile6(tile, x + t * xStride, xStride, tile.Sums);
            }
            else
            {
                Tile4(tile, x + t * xStride, xStride, tile.Sums);
            }

            if (tile.Output is null)
            {
                float* factors = tile.TokenFactors is null ? null : tile.TokenFactors + (nint)t * tile.TokenFactorStride;
                Finish(tile, factors, y + t * yStride, yStride);
            }

            t += count;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Finish(in PanelTile tile, float* tokenFactors, float* y, nint yStride)
    {
        float* sums = tile.Sums;
        for (int t = 0; t < tile.Tokens; t++, y += yStride, sums += 2 * TSimd.Count)
        {
            float factor = tokenFactors is null ? 1 : tokenFactors[(nint)t * tile.TokenFactorStride];
            if (tile.Rows == 2 * TSimd.Count)
            {
                TVector common = TSimd.Broadcast(factor);
                TVector a = TSimd.Multiply(TSimd.Load(sums), TSimd.Multiply(TSimd.Load(tile.RowFactors), common));
                TVector b = TSimd.Multiply(TSimd.Load(sums + TSimd.Count), TSimd.Multiply(TSimd.Load(tile.RowFactors + TSimd.Count), common));
                if (tile.Add)
                {
                    a = TSimd.Add(a, TSimd.Load(y));
                    b = TSimd.Add(b, TSimd.Load(y + TSimd.Count));
                }

                TSimd.Store(y, a);
                TSimd.Store(y + TSimd.Count, b);
                continue;
            }

            for (int r = 0; r < tile.Rows; r++)
            {
                float sum = sums[r] * (tile.RowFactors[r] * factor);
                y[r] = tile.Add ? y[r] + sum : sum;
            }
        }
    }

    /// <summary>panel[k - first][r] = weight of row + r in column k, scaled when <paramref name="scaled"/>; rows past the last are zero.</summary>
    static void Pack<TFormat>(CpuWeight weight, long row, int rows, int first, int end, bool scaled, float* panel, float* square)
        where TFormat : struct, IWeightFormat<TVector>
    {
        int count = TSimd.Count;
        for (int half = 0; half < 2; half++)
        {
            Pack<TFormat>(weight, row + half * count, Math.Clamp(rows - half * count, 0, count), first, end, scaled, panel + half * count, square, 2 * count);
        }
    }

    static void Pack<TFormat>(CpuWeight weight, long row, int rows, int first, int end, bool scaled, float* panel, float* square, int stride)
        where TFormat : struct, IWeightFormat<TVector>
    {
        int count = TSimd.Count;
        int side = count * sizeof(uint) / TFormat.ElementBytes;
        nint rowBytes = (nint)weight.Columns * TFormat.ElementBytes;
        scaled &= weight.IsScaled;
        float* scales = stackalloc float[16];
        new Span<float>(scales, count).Fill(TFormat.HalfUnit);
        int blockEnd = scaled ? first : end;
        for (int k = first; k < end; k += side)
        {
            byte* source = weight.Row(row) + (nint)k * TFormat.ElementBytes;
            if (rows == count && k + side <= weight.Columns)
            {
                TSimd.Transpose(source, rowBytes, square);
            }
            else
            {
                Edge(source, rowBytes, rows, Math.Min(side, weight.Columns - k) * TFormat.ElementBytes, square);
            }

            int stop = Math.Min(end, k + side);
            for (int column = k; column < stop;)
            {
                if (column >= blockEnd)
                {
                    int block = column / weight.BlockColumns;
                    for (int r = 0; r < rows; r++)
                    {
                        scales[r] = weight.Scales(row + r)[block] * TFormat.HalfUnit;
                    }

                    blockEnd = Math.Min(end, (block + 1) * weight.BlockColumns);
                }

                int width = Math.Min(stop, blockEnd) - column;
                WidenSquare<TFormat>((byte*)square + (column - k) * count * TFormat.ElementBytes, width, scales, panel + (nint)(column - first) * stride, stride);
                column += width;
            }
        }
    }

    /// <summary>Columns of lanes, widened and scaled, to the panel; up to three columns more than asked for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    static void WidenSquare<TFormat>(byte* lanes, nint columns, float* scales, float* panel, nint stride)
        where TFormat : struct, IWeightFormat<TVector>
    {
        TVector scale = TSimd.Load(scales);
        for (nint k = 0; k < columns; k += 4, lanes += 4 * TSimd.Count * TFormat.ElementBytes, panel += 4 * stride)
        {
            TFormat.Widen(lanes, out TVector a, out TVector b, out TVector c, out TVector d);
            TSimd.Store(panel, TSimd.Multiply(a, scale));
            TSimd.Store(panel + stride, TSimd.Multiply(b, scale));
            TSimd.Store(panel + 2 * stride, TSimd.Multiply(c, scale));
            TSimd.Store(panel + 3 * stride, TSimd.Multiply(d, scale));
        }
    }

    /// <summary>A square at the matrix's right or lower edge, zero outside of it.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Edge(byte* source, nint rowBytes, int rows, int bytes, float* square)
    {
        byte* copy = stackalloc byte[16 * 64];
        new Span<byte>(copy, 16 * 64).Clear();
        for (int r = 0; r < rows; r++)
        {
            Buffer.MemoryCopy(source + r * rowBytes, copy + r * 64, 64, bytes);
        }

        TSimd.Transpose(copy, 64, square);
    }

    /// <summary>Two vectors of rows times 6 tokens: 12 sums in registers, 8 loads for 12 products.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    static void Tile6(in PanelTile tile, float* x, nint xStride, float* sums)
    {
        TVector s0a = TSimd.Zero, s0b = TSimd.Zero;
        TVector s1a = TSimd.Zero, s1b = TSimd.Zero;
        TVector s2a = TSimd.Zero, s2b = TSimd.Zero;
        TVector s3a = TSimd.Zero, s3b = TSimd.Zero;
        TVector s4a = TSimd.Zero, s4b = TSimd.Zero;
        TVector s5a = TSimd.Zero, s5b = TSimd.Zero;
        float* x1 = x + tile.Input(1) * xStride;
        float* x2 = x + tile.Input(2) * xStride;
        float* x3 = x + tile.Input(3) * xStride;
        float* x4 = x + tile.Input(4) * xStride;
        float* x5 = x + tile.Input(5) * xStride;
        float* w = tile.Weights;
        nint stride = tile.Stride;
        nint depth = tile.Depth;
        for (nint k = 0; k < depth; k++, w += stride)
        {
            TVector wa = TSimd.Load(w);
            TVector wb = TSimd.Load(w + TSimd.Count);
            TVector v0 = TSimd.Broadcast(x[k]);
            s0a = TSimd.MultiplyAdd(wa, v0, s0a);
            s0b = TSimd.MultiplyAdd(wb, v0, s0b);
            TVector v1 = TSimd.Broadcast(x1[k]);
            s1a = TSimd.MultiplyAdd(wa, v1, s1a);
            s1b = TSimd.MultiplyAdd(wb, v1, s1b);
            TVector v2 = TSimd.Broadcast(x2[k]);
            s2a = TSimd.MultiplyAdd(wa, v2, s2a);
            s2b = TSimd.MultiplyAdd(wb, v2, s2b);
            TVector v3 = TSimd.Broadcast(x3[k]);
            s3a = TSimd.MultiplyAdd(wa, v3, s3a);
            s3b = TSimd.MultiplyAdd(wb, v3, s3b);
            TVector v4 = TSimd.Broadcast(x4[k]);
            s4a = TSimd.MultiplyAdd(wa, v4, s4a);
            s4b = TSimd.MultiplyAdd(wb, v4, s4b);
            TVector v5 = TSimd.Broadcast(x5[k]);
            s5a = TSimd.MultiplyAdd(wa, v5, s5a);
            s5b = TSimd.MultiplyAdd(wb, v5, s5b);
        }

        if (tile.Output is not null)
        {
            float* output = tile.Output;
            stride = tile.OutputStride;
            TVector a = TSimd.Load(tile.RowFactors);
            TVector b = TSimd.Load(tile.RowFactors + TSimd.Count);
            StoreSums(s0a, s0b, a, b, output, tile.Add);
            StoreSums(s1a, s1b, a, b, output + stride, tile.Add);
            StoreSums(s2a, s2b, a, b, output + 2 * stride, tile.Add);
            StoreSums(s3a, s3b, a, b, output + 3 * stride, tile.Add);
            StoreSums(s4a, s4b, a, b, output + 4 * stride, tile.Add);
            StoreSums(s5a, s5b, a, b, output + 5 * stride, tile.Add);
            return;
        }

        TSimd.Store(sums + 0 * TSimd.Count, s0a);
        TSimd.Store(sums + 1 * TSimd.Count, s0b);
        TSimd.Store(sums + 2 * TSimd.Count, s1a);
        TSimd.Store(sums + 3 * TSimd.Count, s1b);
        TSimd.Store(sums + 4 * TSimd.Count, s2a);
        TSimd.Store(sums + 5 * TSimd.Count, s2b);
        TSimd.Store(sums + 6 * TSimd.Count, s3a);
        TSimd.Store(sums + 7 * TSimd.Count, s3b);
        TSimd.Store(sums + 8 * TSimd.Count, s4a);
        TSimd.Store(sums + 9 * TSimd.Count, s4b);
        TSimd.Store(sums + 10 * TSimd.Count, s5a);
        TSimd.Store(sums + 11 * TSimd.Count, s5b);
    }

    /// <summary>Two vectors of rows times 4 tokens: 8 sums in registers, 6 loads for 8 products.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    static void Tile4(in PanelTile tile, float* x, nint xStride, float* sums)
    {
        TVector s0a = TSimd.Zero, s0b = TSimd.Zero;
        TVector s1a = TSimd.Zero, s1b = TSimd.Zero;
        TVector s2a = TSimd.Zero, s2b = TSimd.Zero;
        TVector s3a = TSimd.Zero, s3b = TSimd.Zero;
        float* x1 = x + tile.Input(1) * xStride;
        float* x2 = x + tile.Input(2) * xStride;
        float* x3 = x + tile.Input(3) * xStride;
        float* w = tile.Weights;
        nint stride = tile.Stride;
        nint depth = tile.Depth;
        for (nint k = 0; k < depth; k++, w += stride)
        {
            TVector wa = TSimd.Load(w);
            TVector wb = TSimd.Load(w + TSimd.Count);
            TVector v0 = TSimd.Broadcast(x[k]);
            s0a = TSimd.MultiplyAdd(wa, v0, s0a);
            s0b = TSimd.MultiplyAdd(wb, v0, s0b);
            TVector v1 = TSimd.Broadcast(x1[k]);
            s1a = TSimd.MultiplyAdd(wa, v1, s1a);
            s1b = TSimd.MultiplyAdd(wb, v1, s1b);
            TVector v2 = TSimd.Broadcast(x2[k]);
            s2a = TSimd.MultiplyAdd(wa, v2, s2a);
            s2b = TSimd.MultiplyAdd(wb, v2, s2b);
            TVector v3 = TSimd.Broadcast(x3[k]);
            s3a = TSimd.MultiplyAdd(wa, v3, s3a);
            s3b = TSimd.MultiplyAdd(wb, v3, s3b);
        }

        if (tile.Output is not null)
        {
            float* output = tile.Output;
            stride = tile.OutputStride;
            TVector a = TSimd.Load(tile.RowFactors);
            TVector b = TSimd.Load(tile.RowFactors + TSimd.Count);
            StoreSums(s0a, s0b, a, b, output, tile.Add);
            StoreSums(s1a, s1b, a, b, output + stride, tile.Add);
            StoreSums(s2a, s2b, a, b, output + 2 * stride, tile.Add);
            StoreSums(s3a, s3b, a, b, output + 3 * stride, tile.Add);
            return;
        }

        TSimd.Store(sums + 0 * TSimd.Count, s0a);
        TSimd.Store(sums + 1 * TSimd.Count, s0b);
        TSimd.Store(sums + 2 * TSimd.Count, s1a);
        TSimd.Store(sums + 3 * TSimd.Count, s1b);
        TSimd.Store(sums + 4 * TSimd.Count, s2a);
        TSimd.Store(sums + 5 * TSimd.Count, s2b);
        TSimd.Store(sums + 6 * TSimd.Count, s3a);
        TSimd.Store(sums + 7 * TSimd.Count, s3b);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void StoreSums(TVector sumA, TVector sumB, TVector factorA, TVector factorB, float* output, bool adds)
    {
        TVector a = TSimd.Multiply(sumA, factorA);
        TVector b = TSimd.Multiply(sumB, factorB);
        if (adds)
        {
            a = TSimd.Add(a, TSimd.Load(output));
            b = TSimd.Add(b, TSimd.Load(output + TSimd.Count));
        }

        TSimd.Store(output, a);
        TSimd.Store(output + TSimd.Count, b);
    }

    /// <summary>One panel and what its sums are multiplied with.</summary>
    ref struct PanelTile
    {
        /// <summary>[<see cref="Depth"/>][<see cref="Stride"/>] floats, of which two vectors of rows are used.</summary>
        internal float* Weights;
        internal nint Stride;
        internal int Depth;

        /// <summary>Rows that exist, at most two vectors.</summary>
        internal int Rows;
        internal int Tokens;
        internal float* RowFactors;

        /// <summary>One factor each <see cref="TokenFactorStride"/> floats, or null.</summary>
        internal float* TokenFactors;
        internal int TokenFactorStride;
        internal float* Sums;

        /// <summary>Where a whole tile is stored finished, rows <see cref="OutputStride"/> floats apart; null: its sums go to <see cref="Sums"/>.</summary>
        internal float* Output;
        internal nint OutputStride;

        /// <summary>Whether to add to what is there.</summary>
        internal bool Add;

        /// <summary>What is packed after this panel: rows <see cref="NextStride"/> bytes apart, of each <see cref="NextBytes"/>; or null.</summary>
        internal byte* Next;
        internal nint NextStride;
        internal int NextBytes;

        internal void PrefetchNext(int rows)
        {
            if (Sse.IsSupported)
            {
                for (; rows > 0; rows--, Next += NextStride)
                {
                    for (int at = 0; at < NextBytes; at += 64)
                    {
                        Sse.Prefetch1(Next + at);
                    }
                }
            }
        }

        /// <summary>Past the last token the last one again: its sums are dropped.</summary>
        internal readonly nint Input(int index) => Math.Min(index, Tokens - 1);
    }
}
