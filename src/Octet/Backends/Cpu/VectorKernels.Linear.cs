using Octet.Backends.Cpu.MachineCode;

namespace Octet.Backends.Cpu;

sealed unsafe partial class VectorKernels<TSimd, TVector, TE4M3>
{
    // From this many tokens on it is cheaper to lay out weights as a panel that serves all of them than to widen every row for each.
    const int FewestPanelTokens = MostDotTokens + 1;

    internal override int LinearScratch(int columns) => Math.Max(Math.Max(DotScratch(columns), PanelScratch), GroupScratch);

    internal override int PreparedTokens => GroupTokens;

    internal override bool TakesStored(CpuWeight weight, in LinearInput x)
        => weight.IsExpanded && (TakesColumns(weight, x.Rows) || (LayoutOf(weight, x.Rows) is var layout && (layout == InputLayout.Lanes || (layout is InputLayout.TokenGroups or InputLayout.Blocks && x.Scales is null))));

    /// <summary>How inputs of so many tokens are laid out for a weight, which is how they are multiplied.</summary>
    InputLayout LayoutOf(CpuWeight weight, int rows)
        => TakesColumns(weight, rows) ? InputLayout.None
            : TakesFourBits(weight, rows) ? InputLayout.Lanes
            : HasTokenDots(weight, rows) ? InputLayout.TokenGroups
            : HasPowerDots(weight, rows) ? InputLayout.Blocks
            : weight.Input is not null ? InputLayout.None
            : rows < FewestGroupedTokens ? InputLayout.Tokens
            : rows <= MostGroupedTokens && CanGroup(weight) ? InputLayout.Groups
            : InputLayout.None;

    internal override int PreparedLayout(CpuWeight weight, int rows)
    {
        InputLayout layout = LayoutOf(weight, rows);
        return layout == InputLayout.None ? 0 : ((int)layout << 8) + (layout != InputLayout.Lanes ? (int)weight.Format : GeneratedFourBits(weight) is null ? 0 : 1);
    }

    internal override long PreparedBytes(CpuWeight weight, int rows) => sizeof(float) * LayoutOf(weight, rows) switch
    {
        InputLayout.None => 0,
        InputLayout.Lanes => (long)rows * (GeneratedFourBits(weight) is null ? FourBitStride(weight.Columns) : E2M1Input.Stride(weight.Columns)),
        InputLayout.TokenGroups => (long)rows * weight.Columns,
        InputLayout.Groups => (long)(rows + GroupTokens - 1) / GroupTokens * GroupTokens * weight.Columns,
        _ => (long)rows * ArrangedStride(weight.Columns),
    };

    internal override void PrepareInput(CpuWeight weight, in LinearInput x, int first, int end, byte* prepared)
    {
        InputLayout layout = LayoutOf(weight, x.Rows);
        float* destination = (float*)prepared;
        if (layout == InputLayout.Lanes)
        {
            ArrangeFourBits(weight, x, first, end, destination);
            return;
        }

        switch (weight.Format)
        {
            case WeightFormat.E4M3: PrepareInput<TE4M3>(layout, weight.Columns, x, first, end, destination); break;
            case WeightFormat.BFloat16: PrepareInput<BFloat16Weights<TSimd, TVector>>(layout, weight.Columns, x, first, end, destination); break;
            case WeightFormat.Float16: PrepareInput<HalfWeights<TSimd, TVector>>(layout, weight.Columns, x, first, end, destination); break;
            default: PrepareInput<SingleWeights<TSimd, TVector>>(layout, weight.Columns, x, first, end, destination); break;
        }
    }

    void PrepareInput<TFormat>(InputLayout layout, int columns, in LinearInput x, int first, int end, float* destination)
        where TFormat : struct, IWeightFormat<TVector>
    {
        switch (layout)
        {
            case InputLayout.TokenGroups: ArrangeTokenGroups<TFormat>(x, first, end, columns, destination); break;
            case InputLayout.Groups: ArrangeGroups<TFormat>(x, first, end, columns, destination); break;
            default: ArrangeTokens<TFormat>(x, first, end, columns, destination); break;
        }
    }

    internal override void Linear(CpuWeight weight, long first, long end, in LinearInput x, float* y, int yStride, float* scratch)
    {
        if (TakesColumns(weight, x.Rows))
        {
            Columns(weight, first, end, x, y, yStride);
            return;
        }

        switch (LayoutOf(weight, x.Rows))
        {
            case InputLayout.Lanes: FourBits(weight, first, end, x, y, yStride, scratch); return;
            case InputLayout.TokenGroups when x.Scales is null: TokenDots(weight, first, end, x, y, yStride, scratch); return;
            case InputLayout.Blocks when x.Scales is null: PowerDots(weight, first, end, x, y, yStride, scratch); return;
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

    /// <summary>Of <see cref="PreparedLayout"/>.</summary>
    enum InputLayout
    {
        /// <summary>As they are.</summary>
        None,

        /// <summary>Each token in the order in which a format's elements are widened.</summary>
        Tokens,

        /// <summary>Groups of four tokens, vector by vector.</summary>
        Groups,

        /// <summary>Tokens that one widening serves, vector by vector.</summary>
        TokenGroups,

        /// <summary>As <see cref="Tokens"/>, for blocks that are multiplied as they are stored.</summary>
        Blocks,

        /// <summary>For E2M1 codes as they are stored.</summary>
        Lanes,
    }
}
