using static Octet.Backends.Cpu.MachineCode.GeneralRegister;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>
/// The product with VDPBF16PS: a vector holds a pair of columns of 16 tokens, and is multiplied by the same pair of a weight row, repeated in
/// every lane. 8 rows times three groups are 24 sums in registers for 11 loads a pair of columns: two instructions of each kind start in a cycle, so
/// loads keep out of the way of products.
/// </summary>
static class DotProductCode
{
    /// <summary>Columns of a panel: with its 16 KB there is room for the inputs in a first level of 48 KB.</summary>
    internal const int PanelColumns = 256;

    /// <summary>Bytes of its rows: an odd number of lines of the cache, so that rows do not take one another's places.</summary>
    internal const int RowBytes = PanelColumns * sizeof(ushort) + VectorBytes;

    /// <summary>Groups of tokens that one function multiplies at a time.</summary>
    internal const int MostGroups = 3;

    /// <summary>6 to 15, which a function on Windows gives back as they were.</summary>
    internal const int KeptVectors = 10;

    const int FirstKept = 6;
    const int VectorBytes = 64;
    const int PairBytes = sizeof(uint);
    const int StepPairs = ProductBlock.StepColumns / 2;

    // Pairs that are written out between two jumps.
    const int Together = 2;

    // Vectors 0 to 2 are inputs, or the scales of their tokens, 3 to 5 weights, or their factors, 6 a product of the two; 8 and up are sums.
    const int FirstWeight = 3;
    const int Weights = 3;
    const int Factor = 6;
    const int FirstSum = 8;

    /// <summary>Weight rows whose sums are in registers.</summary>
    internal static int Rows(int groups) => groups == 1 ? 16 : 8;

    /// <summary>
    /// 32 weight rows by all groups, <paramref name="groups"/> at a time, block of scales by block: totals += sums * the factor of each row, times the scale
    /// of each token with <paramref name="tokenScales"/>. Meanwhile as many weights of <paramref name="elementBytes"/> are asked for.
    /// </summary>
    internal static byte[] MultiplyPanel(GeneralRegister argument, int groups, bool tokenScales, int elementBytes)
    {
        int rows = Rows(groups);
        var code = new X64Encoder();
        code.Move(Rax, argument);
        for (int i = 0; argument == Rcx && i < KeptVectors; i++)
        {
            code.StoreVector128(Rax, PanelBlock.KeptOffset + i * 16, FirstKept + i);
        }

        int turn = code.Position;
        Copy(code, PanelBlock.FactorsOffset, PanelBlock.NextFactorsOffset);
        Copy(code, PanelBlock.BlocksOffset, PanelBlock.BlocksLeftOffset);
        Copy(code, PanelBlock.WeightsOffset, PanelBlock.NextWeightsOffset);
        Copy(code, PanelBlock.InputsOffset, PanelBlock.NextInputsOffset);
        if (tokenScales)
        {
            Copy(code, PanelBlock.ScalesOffset, PanelBlock.NextScalesOffset);
        }

        int block = code.Position;
        for (int row = 0; row < ProductBlock.PanelRows; row += rows)
        {
            Sum(code, groups, row, rows, elementBytes);
            AddToTotals(code, groups, row, rows, tokenScales);
        }

        AdvanceBy(code, PanelBlock.NextWeightsOffset, PanelBlock.BlockWeightBytesOffset);
        AdvanceBy(code, PanelBlock.NextInputsOffset, PanelBlock.BlockInputBytesOffset);
        if (tokenScales)
        {
            AdvanceBy(code, PanelBlock.NextScalesOffset, PanelBlock.ScaleBytesOffset);
        }

        Advance(code, PanelBlock.NextFactorsOffset, ProductBlock.PanelRows * sizeof(float));
        CountDown(code, PanelBlock.BlocksLeftOffset, block);

        code.Load(R9, Rax, PanelBlock.InputsOffset);
        code.Load(Rdx, Rax, PanelBlock.GroupBytesOffset);
        for (int group = 0; group < groups; group++)
        {
            code.Add(R9, Rdx);
        }

        code.Store(Rax, PanelBlock.InputsOffset, R9);
        Advance(code, PanelBlock.TotalsOffset, groups * ProductBlock.GroupSumBytes);
        if (tokenScales)
        {
            Advance(code, PanelBlock.ScalesOffset, groups * VectorBytes);
        }

        CountDown(code, PanelBlock.TurnsOffset, turn);
        for (int i = 0; argument == Rcx && i < KeptVectors; i++)
        {
            code.LoadVector128(FirstKept + i, Rax, PanelBlock.KeptOffset + i * 16);
        }

        code.ZeroUpper();
        code.Return();
        return code.ToArray();
    }

    /// <summary>Rows from <paramref name="row"/> on over the columns of a block, asking for weights ahead.</summary>
    static void Sum(X64Encoder code, int groups, int row, int rows, int elementBytes)
    {
        code.Load(R8, Rax, PanelBlock.NextWeightsOffset);
        if (row > 0)
        {
            code.Add(R8, row * RowBytes);
        }

        code.Load(R9, Rax, PanelBlock.NextInputsOffset);
        code.Load(R10, Rax, PanelBlock.GroupBytesOffset);
        code.Load(Rdx, Rax, PanelBlock.StepsOffset);
        for (int sum = 0; sum < rows * groups; sum++)
        {
            code.ZeroVector(FirstSum + sum);
        }

        code.Load(R11, Rax, PanelBlock.AheadOffset);
        int step = code.Position;
        code.Move(Rcx, StepPairs / Together);
        int pairs = code.Position;

        // As much of what lies ahead as these pairs take, a little at a time: a processor has room for few requests.
        int ahead = rows * Together * 2 * elementBytes;
        for (int line = 0; line < ahead; line += VectorBytes)
        {
            code.Prefetch(new(R11, line), far: true);
        }

        code.Add(R11, ahead);
        for (int pair = 0; pair < Together; pair++)
        {
            for (int group = 0; group < groups; group++)
            {
                code.LoadVector(group, group == 0 ? new(R9, pair * VectorBytes) : new X64Encoder.Place(R9, pair * VectorBytes, R10, group));
            }

            for (int r = 0; r < rows; r++)
            {
                int weight = FirstWeight + r % Weights;
                code.LoadLanes(weight, R8, r * RowBytes + pair * PairBytes);
                for (int group = 0; group < groups; group++)
                {
                    code.MultiplyPairs(FirstSum + r * groups + group, group, weight);
                }
            }
        }

        code.Add(R8, Together * PairBytes);
        code.Add(R9, Together * VectorBytes);
        code.Decrement(Rcx);
        code.JumpIfNotZero(pairs);
        code.Decrement(Rdx);
        code.JumpIfNotZero(step);
        code.Store(Rax, PanelBlock.AheadOffset, R11);
    }

    static void AddToTotals(X64Encoder code, int groups, int row, int rows, bool tokenScales)
    {
        code.Load(R11, Rax, PanelBlock.NextFactorsOffset);
        code.Load(Rdx, Rax, PanelBlock.TotalsOffset);
        if (tokenScales)
        {
            code.Load(R10, Rax, PanelBlock.NextScalesOffset);
            for (int group = 0; group < groups; group++)
            {
                code.LoadVector(group, R10, group * VectorBytes);
            }
        }

        for (int r = 0; r < rows; r++)
        {
            int factor = FirstWeight + r % Weights;
            code.LoadLanes(factor, R11, (row + r) * sizeof(float));
            for (int group = 0; group < groups; group++)
            {
                int sum = FirstSum + r * groups + group;
                int at = group * ProductBlock.GroupSumBytes + (row + r) * VectorBytes;
                if (tokenScales)
                {
                    code.Multiply(Factor, factor, group);
                }

                code.MultiplyThenAdd(sum, tokenScales ? Factor : factor, Rdx, at);
                code.StoreVector(Rdx, at, sum);
            }
        }
    }

    static void Copy(X64Encoder code, int from, int to)
    {
        code.Load(Rdx, Rax, from);
        code.Store(Rax, to, Rdx);
    }

    static void Advance(X64Encoder code, int field, int bytes)
    {
        code.Load(Rdx, Rax, field);
        code.Add(Rdx, bytes);
        code.Store(Rax, field, Rdx);
    }

    static void AdvanceBy(X64Encoder code, int field, int bytesField)
    {
        code.Load(Rdx, Rax, field);
        code.Load(Rcx, Rax, bytesField);
        code.Add(Rdx, Rcx);
        code.Store(Rax, field, Rdx);
    }

    static void CountDown(X64Encoder code, int counterOffset, int target)
    {
        code.Load(Rdx, Rax, counterOffset);
        code.Decrement(Rdx);
        code.Store(Rax, counterOffset, Rdx);
        code.JumpIfNotZero(target);
    }
}
