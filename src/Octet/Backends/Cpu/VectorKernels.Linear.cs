namespace Octet.Backends.Cpu;

sealed unsafe partial class VectorKernels<TSimd, TVector, TE4M3>
{
    // From this many tokens on it is cheaper to lay out weights as a panel that serves all of them than to widen every row for each.
    const int FewestPanelTokens = MostDotTokens + 1;

    internal override int LinearScratch(int columns) => Math.Max(Math.Max(DotScratch(columns), PanelScratch), GroupScratch);

    internal override int PreparedTokens => GroupTokens;

    internal override int PreparedLayout(CpuWeight weight, int rows)
        => TakesFourBits(weight, rows) ? FourBitsLayout(weight)
            : weight.Input is null && (rows < FewestGroupedTokens || (rows <= MostGroupedTokens && CanGroup(weight))) ? 1 + (int)weight.Format : 0;

    internal override long PreparedBytes(CpuWeight weight, int rows)
        => PreparedLayout(weight, rows) == 0 ? 0
            : TakesFourBits(weight, rows) ? (long)rows * FourBitStride(weight.Columns) * sizeof(float)
            : rows < FewestGroupedTokens ? (long)rows * ArrangedStride(weight.Columns) * sizeof(float)
            : (long)(rows + GroupTokens - 1) / GroupTokens * GroupTokens * weight.Columns * sizeof(float);

    internal override void PrepareInput(CpuWeight weight, in LinearInput x, int first, int end, byte* prepared)
    {
        if (TakesFourBits(weight, x.Rows))
        {
            ArrangeFourBits(weight, x, first, end, (float*)prepared);
            return;
        }

        switch (weight.Format)
        {
            case WeightFormat.E4M3: PrepareInput<TE4M3>(weight, x, first, end, (float*)prepared); break;
            case WeightFormat.BFloat16: PrepareInput<BFloat16Weights<TSimd, TVector>>(weight, x, first, end, (float*)prepared); break;
            case WeightFormat.Float16: PrepareInput<HalfWeights<TSimd, TVector>>(weight, x, first, end, (float*)prepared); break;
            default: PrepareInput<SingleWeights<TSimd, TVector>>(weight, x, first, end, (float*)prepared); break;
        }
    }

    static void PrepareInput<TFormat>(CpuWeight weight, in LinearInput x, int first, int end, float* prepared)
        where TFormat : struct, IWeightFormat<TVector>
    {
        if (x.Rows < FewestGroupedTokens)
        {
            ArrangeTokens<TFormat>(x, first, end, weight.Columns, prepared);
        }
        else
        {
            ArrangeGroups<TFormat>(x, first, end, weight.Columns, prepared);
        }
    }

    internal override void Linear(CpuWeight weight, long first, long end, in LinearInput x, float* y, int yStride, float* scratch)
    {
        if (TakesFourBits(weight, x.Rows))
        {
            FourBits(weight, first, end, x, y, yStride, scratch);
            return;
        }

        switch (weight.Format)
        {
            case WeightFormat.E4M3: Codes(weight, first, end, x, y, yStride, scratch); break;
            case WeightFormat.BFloat16: Rows<BFloat16Weights<TSimd, TVector>>(weight, first, end, x, y, yStride, scratch); break;
            case WeightFormat.Float16: Rows<HalfWeights<TSimd, TVector>>(weight, first, end, x, y, yStride, scratch); break;
            default: Rows<SingleWeights<TSimd, TVector>>(weight, first, end, x, y, yStride, scratch); break;
        }
    }

    /// <summary>Runs of rows without a NaN in the quickest format, the others in the one that keeps it.</summary>
    void Codes(CpuWeight weight, long first, long end, in LinearInput x, float* y, int yStride, float* scratch)
    {
        if (TE4M3.KeepsNaN || weight.NaNGroups is null)
        {
            Rows<TE4M3>(weight, first, end, x, y, yStride, scratch);
            return;
        }

        while (first < end)
        {
            bool nan = weight.NaNGroups.Contains(first);
            long stop = first;
            do
            {
                stop = Math.Min(end, (stop / NaNGroups.Rows + 1) * NaNGroups.Rows);
            }
            while (stop < end && weight.NaNGroups.Contains(stop) == nan);

            if (nan)
            {
                Rows<E4M3Weights<TSimd, TVector>>(weight, first, stop, x, y, yStride, scratch);
            }
            else
            {
                Rows<TE4M3>(weight, first, stop, x, y, yStride, scratch);
            }

            first = stop;
        }
    }

    void Rows<TFormat>(CpuWeight weight, long first, long end, in LinearInput x, float* y, int yStride, float* scratch)
        where TFormat : struct, IWeightFormat<TVector>
    {
        if (x.Rows >= FewestGroupedTokens && x.Prepared is not null && IsArrangedFor<TFormat>())
        {
            Groups<TFormat>(weight, first, end, x, y, yStride, scratch);
            return;
        }

        // Both kernels take a scale for whole steps of columns: a step of rows, a 32-bit lane of panels.
        bool oneBlock = weight.BlockColumns >= weight.Columns;
        if (x.Rows < FewestPanelTokens && (oneBlock || weight.BlockColumns % (4 * TSimd.Count) == 0))
        {
            Dots<TFormat>(weight, first, end, x, y, yStride, scratch);
        }
        else if (oneBlock || weight.BlockColumns % (sizeof(uint) / TFormat.ElementBytes) == 0)
        {
            Panels<TFormat>(weight, first, end, x, y, yStride, scratch);
        }
        else
        {
            ScalarKernels.Instance.Linear(weight, first, end, x, y, yStride, scratch);
        }
    }
}
