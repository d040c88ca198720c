using System.Runtime.InteropServices;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>A product of small whole numbers, whose sums float32 holds exactly.</summary>
static unsafe class KnownProduct
{
    /// <summary>Whether one group, two and three give every sum.</summary>
    internal static bool IsExact(ProductCode code)
    {
        const int Steps = 3;
        const int Groups = DotProductCode.MostGroups;
        const int Rows = ProductBlock.PanelRows;
        const int Tokens = ProductBlock.GroupTokens;
        const int Columns = Steps * ProductBlock.StepColumns;
        int rowElements = code.RowBytes / sizeof(ushort);
        const int SumFloats = Groups * ProductBlock.GroupSumBytes / sizeof(float);
        const int Factor = 2;
        static int Weight(int row, int column) => (row * 7 + column * 3) % 31 - 15;
        static int Input(int token, int column) => (token * 5 + column * 11) % 29 - 14;
        static ushort Bits(int value) => (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16);

        static bool IsRight(float* found, int groups, int factor)
        {
            for (int i = 0; i < groups * Rows * Tokens; i++)
            {
                int token = i / (Rows * Tokens) * Tokens + i % Tokens;
                int row = i / Tokens % Rows;
                int expected = 0;
                for (int column = 0; column < Columns; column++)
                {
                    expected += Weight(row, column) * Input(token, column);
                }

                if (found[i] != factor * expected)
                {
                    return false;
                }
            }

            return true;
        }

        ushort* weights = null, inputs = null;
        float* sums = null, totals = null, factors = null;
        try
        {
            weights = (ushort*)NativeMemory.AlignedAlloc(Rows * ProductBlock.RowBytes, 64);
            inputs = (ushort*)NativeMemory.AlignedAlloc(Groups * Steps * ProductBlock.GroupStepBytes, 64);
            sums = (float*)NativeMemory.AlignedAlloc(Groups * ProductBlock.GroupSumBytes, 64);
            totals = (float*)NativeMemory.AlignedAlloc(Groups * ProductBlock.GroupSumBytes, 64);
            factors = (float*)NativeMemory.AlignedAlloc(Steps * Rows * sizeof(float), 64);
            for (int row = 0; row < Rows; row++)
            {
                for (int column = 0; column < Columns; column++)
                {
                    weights[row * rowElements + column] = Bits(Weight(row, column));
                }
            }

            for (int token = 0; token < Groups * Tokens; token++)
            {
                for (int column = 0; column < Columns; column++)
                {
                    int pair = (token / Tokens * Columns + column) / 2;
                    inputs[(pair * Tokens + token % Tokens) * 2 + column % 2] = Bits(Input(token, column));
                }
            }

            ProductBlock block = new()
            {
                Weights = weights,
                Inputs = inputs,
                MoreInputs = (byte*)inputs + Steps * ProductBlock.GroupStepBytes,
                Sums = sums,
                Steps = Steps,
            };
            new Span<float>(factors, Steps * Rows).Fill(Factor);
            bool exact = true;
            code.Begin();
            for (int groups = 1; groups <= Groups; groups++)
            {
                if (code.MultipliesBlocks && groups <= 2)
                {
                    new Span<float>(sums, SumFloats).Fill(float.NaN);
                    code.Multiply(block, Rows, groups);
                    exact &= IsRight(sums, groups, factor: 1);
                }

                foreach ((bool tokenScales, int elementBytes) in ((bool, int)[])[(false, 1), (true, 1), (false, sizeof(ushort))])
                {
                    if (!code.MultipliesPanels(tokenScales))
                    {
                        continue;
                    }

                    // Every step a block of its own.
                    new Span<float>(sums, SumFloats).Fill(float.NaN);
                    new Span<float>(totals, SumFloats).Clear();
                    PanelBlock panel = new()
                    {
                        Weights = weights,
                        Inputs = inputs,
                        GroupBytes = Steps * ProductBlock.GroupStepBytes,
                        Sums = sums,
                        Totals = totals,
                        Factors = factors,
                        Steps = 1,
                        Blocks = Steps,
                        BlockWeightBytes = ProductBlock.StepColumns * sizeof(ushort),
                        BlockInputBytes = ProductBlock.GroupStepBytes,
                        Scales = factors,
                        Ahead = weights,
                    };
                    code.MultiplyPanel(panel, groups, tokenScales, elementBytes);
                    exact &= IsRight(totals, groups, tokenScales ? Factor * Factor : Factor);
                }
            }

            code.End();
            return exact;
        }
        finally
        {
            NativeMemory.AlignedFree(weights);
            NativeMemory.AlignedFree(inputs);
            NativeMemory.AlignedFree(sums);
            NativeMemory.AlignedFree(totals);
            NativeMemory.AlignedFree(factors);
        }
    }
}
