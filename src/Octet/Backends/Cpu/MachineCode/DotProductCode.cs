using static Octet.Backends.Cpu.MachineCode.GeneralRegister;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>
/// The product with VDPBF16PS: a vector holds a pair of columns of 16 tokens, and is multiplied by the same pair of a weight row, repeated in
/// every lane. 8 rows times two groups are 16 sums in registers, enough for the latency of an instruction that starts every cycle.
/// </summary>
static class DotProductCode
{
    /// <summary>Weight rows of one call.</summary>
    internal const int Rows = 8;

    const int VectorBytes = 64;
    const int PairBytes = 4;
    const int StepPairs = ProductBlock.StepColumns / 2;

    /// <summary>8 weight rows by one or two groups. Vectors 16 to 31, which no system wants kept, are the sums, 0 and 1 inputs.</summary>
    internal static byte[] Multiply(GeneralRegister argument, int groups)
    {
        var code = new X64Encoder();
        code.Move(Rax, argument);
        code.Load(R8, Rax, ProductBlock.WeightsOffset);
        code.Load(R9, Rax, ProductBlock.InputsOffset);
        code.Load(R10, Rax, ProductBlock.MoreInputsOffset);
        code.Load(Rdx, Rax, ProductBlock.StepsOffset);
        code.Load(Rax, Rax, ProductBlock.SumsOffset);
        for (int sum = 0; sum < Rows * groups; sum++)
        {
            code.ZeroVector(16 + sum);
        }

        int step = code.Position;
        code.Move(Rcx, StepPairs);
        int pair = code.Position;
        for (int group = 0; group < groups; group++)
        {
            code.LoadVector(group, group == 0 ? R9 : R10);
        }

        for (int row = 0; row < Rows; row++)
        {
            for (int group = 0; group < groups; group++)
            {
                code.MultiplyPairs(16 + group * Rows + row, group, R8, row * ProductBlock.RowBytes);
            }
        }

        code.Add(R8, PairBytes);
        code.Add(R9, VectorBytes);
        code.Add(R10, VectorBytes);
        code.Decrement(Rcx);
        code.JumpIfNotZero(pair);
        code.Decrement(Rdx);
        code.JumpIfNotZero(step);
        for (int group = 0; group < groups; group++)
        {
            for (int row = 0; row < Rows; row++)
            {
                code.StoreVector(Rax, group * ProductBlock.GroupSumBytes + row * VectorBytes, 16 + group * Rows + row);
            }
        }

        code.ZeroUpper();
        code.Return();
        return code.ToArray();
    }
}
