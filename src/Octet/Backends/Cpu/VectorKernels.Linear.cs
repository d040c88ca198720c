namespace Octet.Backends.Cpu;

sealed unsafe partial class VectorKernels<TSimd, TVector, TE4M3>
{
    // From this many tokens on it is cheaper to lay out weights as a panel that serves all of them than to widen every row for each.
    const int FewestPanelTokens = 4;

    // A power of two between a weight as it is widened and the weight itself may be too large to stay in range when multiplied with
    // either factor alone: half of it goes to each.
    static float Inner<TFormat>()
        where TFormat : struct, IWeightFormat<TVector>
        => MathF.Sqrt(TFormat.Unit);

    // What is left to multiply a product with that has Inner on its other side. Sums take it before a scale, which may be as small.
    static float Outer<TFormat>()
        where TFormat : struct, IWeightFormat<TVector>
        => TFormat.Unit / Inner<TFormat>();

    internal override int LinearScratch(int columns) => Math.Max(Math.Max(ArrangedInputs(columns), PanelScratch), GroupScratch);

    internal override void Linear(CpuWeight weight, long first, long end, in LinearInput x, float* y, int yStride, float* scratch)
    {
        switch (weight.Format)
        {
            case WeightFormat.E4M3: Codes(weight, first, end, x, y, yStride, scratch); break;
            case WeightFormat.BFloat16: Rows<BFloat16Weights<TSimd, TVector>>(weight, first, end, x, y, yStride, scratch); break;
            case WeightFormat.Float16: Rows<HalfWeights<TSimd, TVector>>(weight, first, end, x, y, yStride, scratch); break;
            default: Rows<SingleWeights<TSimd, TVector>>(weight, first, end, x, y, yStride, scratch); break;
        }
    }

    /// <summary>Runs of rows without a NaN in the quickest format, the others in the one that keeps it.</summary>
    static void Codes(CpuWeight weight, long first, long end, in LinearInput x, float* y, int yStride, float* scratch)
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

    static void Rows<TFormat>(CpuWeight weight, long first, long end, in LinearInput x, float* y, int yStride, float* scratch)
        where TFormat : struct, IWeightFormat<TVector>
    {
        if (x.Prepared is not null && x.Scales is null && TFormat.HasParts)
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
