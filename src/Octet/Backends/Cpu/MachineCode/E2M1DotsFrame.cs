using static Octet.Backends.Cpu.MachineCode.GeneralRegister;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>What the functions of <see cref="E2M1DotsCode"/> and <see cref="Avx2E2M1DotsCode"/> do around their steps: pairs of rows one after the other, and of each the steps, the last of which ends with the row.</summary>
/// <param name="argument">Where the address of an <see cref="E2M1DotsBlock"/> comes.</param>
/// <param name="firstKept">The first of the vectors that a function on Windows gives back as they were.</param>
/// <param name="keptVectors">How many they are.</param>
/// <param name="scaleBytes">Of a step.</param>
/// <param name="tokens">That are multiplied together.</param>
/// <param name="vectorBytes">Of a sum.</param>
sealed class E2M1DotsFrame(GeneralRegister argument, int firstKept, int keptVectors, int scaleBytes, int tokens, int vectorBytes)
{
    const int StepColumns = E2M1DotsCode.StepColumns;
    const int StepBytes = StepColumns / 2;

    // Lines that the scales of some rows ahead are in.
    const int LineBytes = 64;
    const int ScalesAhead = 512;

    /// <summary>
    /// Rax: the block; Rcx: codes; Rdx: from one row to the next; R8: scales; R9: from those of one row to the next; R10: inputs; R11: whatever is wanted between and in steps.
    /// </summary>
    /// <param name="loadTables">R10 is where the tables are.</param>
    /// <param name="beginPair">Of rows.</param>
    /// <param name="beforeSteps">Before the first of the steps, and before the last.</param>
    /// <param name="multiplyStep">R11 is as the steps leave it.</param>
    /// <param name="endPair">R11 is where the pair's sums go.</param>
    internal byte[] Generate(Action<X64Encoder> loadTables, Action<X64Encoder> beginPair, Action<X64Encoder> beforeSteps, Action<X64Encoder> multiplyStep, Action<X64Encoder> endPair)
    {
        var code = new X64Encoder();
        code.Move(Rax, argument);
        for (int i = 0; argument == Rcx && i < keptVectors; i++)
        {
            code.StoreVector128(Rax, E2M1DotsBlock.KeptOffset + i * 16, firstKept + i);
        }

        code.Load(R10, Rax, E2M1DotsBlock.TablesOffset);
        loadTables(code);
        code.Load(Rcx, Rax, E2M1DotsBlock.CodesOffset);
        code.Load(Rdx, Rax, E2M1DotsBlock.RowBytesOffset);
        code.Load(R8, Rax, E2M1DotsBlock.ScalesOffset);
        code.Load(R9, Rax, E2M1DotsBlock.ScaleRowBytesOffset);
        int pair = code.Position;
        code.Load(R10, Rax, E2M1DotsBlock.InputsOffset);
        code.Prefetch(R8, ScalesAhead);
        code.Prefetch(R8, ScalesAhead + LineBytes);
        code.Prefetch(R8, ScalesAhead + 2 * LineBytes);
        beginPair(code);
        beforeSteps(code);
        int step = code.Position;
        multiplyStep(code);
        code.Add(Rcx, StepBytes);
        code.Add(R8, scaleBytes);
        code.Add(R10, StepColumns * sizeof(float) * tokens);
        code.Compare(R10, Rax, E2M1DotsBlock.LastInputsOffset);
        code.JumpIfNotZero(step);
        Move(code, Rcx, E2M1DotsBlock.CodesBackOffset);
        Move(code, R8, E2M1DotsBlock.ScalesBackOffset);
        beforeSteps(code);
        multiplyStep(code);
        Move(code, Rcx, E2M1DotsBlock.CodesMoveOffset);
        Move(code, R8, E2M1DotsBlock.ScalesMoveOffset);
        code.Load(R11, Rax, E2M1DotsBlock.SumsOffset);
        endPair(code);
        code.Add(R11, E2M1DotsCode.RowsTogether * tokens * vectorBytes);
        code.Store(Rax, E2M1DotsBlock.SumsOffset, R11);
        code.Load(R11, Rax, E2M1DotsBlock.PairsOffset);
        code.Decrement(R11);
        code.Store(Rax, E2M1DotsBlock.PairsOffset, R11);
        code.JumpIfNotZero(pair);
        for (int i = 0; argument == Rcx && i < keptVectors; i++)
        {
            code.LoadVector128(firstKept + i, Rax, E2M1DotsBlock.KeptOffset + i * 16);
        }

        code.ZeroUpper();
        code.Return();
        return code.ToArray();
    }

    static void Move(X64Encoder code, GeneralRegister register, int offset)
    {
        code.Load(R11, Rax, offset);
        code.Add(register, R11);
    }
}
