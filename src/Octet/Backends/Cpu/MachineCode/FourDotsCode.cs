using static Octet.Backends.Cpu.MachineCode.GeneralRegister;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>
/// One token times rows from four places, with AVX2 and FMA: the loop of <c>VectorKernels.FourDots</c> and its sums, operation for operation, in
/// fewer instructions. The compiler copies every address twice and keeps some in memory; from the caches that costs a fifth of the speed, from
/// memory a seventh.
/// </summary>
static class FourDotsCode
{
    /// <summary>6 to 15, which a function on Windows gives back as they were.</summary>
    internal const int KeptVectors = 10;

    const int FirstKept = 6;
    internal const int Walks = DotsFunctions.Walks;
    const int VectorBytes = 32;
    const int LineBytes = 64;
    const int PrefetchBytes = 512;

    // Vectors 0 to 3 are the sums of even parts, 4 to 7 those of odd ones.
    const int Widened = 8;
    const int Mask = 14;
    const int Factors = 15;

    // The inputs of a step in the middle: offsets that fit in a byte.
    const int InputBias = 128;

    static ReadOnlySpan<GeneralRegister> Rows => [Rcx, Rdx, R8, R9];

    /// <summary>Codes of E4M3, as <see cref="RawE4M3Weights"/> widens them.</summary>
    internal static byte[] E4M3(GeneralRegister argument) => Generate(argument, 2 * 4 * VectorBytes, static code =>
    {
        for (int half = 0; half < LineBytes; half += VectorBytes)
        {
            for (int walk = 0; walk < Walks; walk++)
            {
                int inputs = half * 4 - InputBias;
                code.LoadVector256(Widened, Rows[walk], half);
                code.MultiplyBytePairs256(Widened + 1, Factors, Widened);
                code.ShiftRightSigned16(Widened, Widened, 4);
                code.ShiftLeft32(Widened + 2, Widened + 1, 16);
                code.ShiftLeft32(Widened + 3, Widened, 16);
                for (int part = 0; part < 4; part++)
                {
                    code.And256(Widened + part, Mask, Widened + part);
                }

                code.MultiplyAdd256(walk, Widened + 2, R10, inputs);
                code.MultiplyAdd256(Walks + walk, Widened + 3, R10, inputs + VectorBytes);
                code.MultiplyAdd256(walk, Widened + 1, R10, inputs + 2 * VectorBytes);
                code.MultiplyAdd256(Walks + walk, Widened, R10, inputs + 3 * VectorBytes);
            }
        }
    });

    /// <summary>Bfloat16: the first of a pair moves to the upper half of a lane, the second is there.</summary>
    internal static byte[] BFloat16(GeneralRegister argument) => Generate(argument, 2 * 2 * VectorBytes, static code =>
    {
        for (int walk = 0; walk < Walks; walk++)
        {
            for (int half = 0; half < LineBytes; half += VectorBytes)
            {
                int inputs = half * 2 - InputBias;
                code.LoadVector256(Widened, Rows[walk], half);
                code.ShiftLeft32(Widened + 1, Widened, 16);
                code.And256(Widened, Mask, Widened);
                code.MultiplyAdd256(walk, Widened + 1, R10, inputs);
                code.MultiplyAdd256(Walks + walk, Widened, R10, inputs + VectorBytes);
            }
        }
    });

    static byte[] Generate(GeneralRegister argument, int inputBytes, Action<X64Encoder> multiplyLines)
    {
        // Rax: the block; R10: inputs; R11: counts, and the sums between rows.
        var code = new X64Encoder();
        code.Move(Rax, argument);
        for (int i = 0; argument == Rcx && i < KeptVectors; i++)
        {
            code.StoreVector128(Rax, FourDotsBlock.KeptOffset + i * 16, FirstKept + i);
        }

        for (int walk = 0; walk < Walks; walk++)
        {
            code.Load(Rows[walk], Rax, walk * sizeof(long));
        }

        code.Load(R10, Rax, FourDotsBlock.InputsOffset);
        code.Add(R10, InputBias);
        code.LoadLanes256(Mask, Rax, FourDotsBlock.MaskOffset);
        code.LoadLanes256(Factors, Rax, FourDotsBlock.FactorsOffset);
        int row = code.Position;
        for (int sum = 0; sum < 2 * Walks; sum++)
        {
            code.ZeroVector256(sum);
        }

        code.Load(R11, Rax, FourDotsBlock.StepsOffset);
        int step = code.Position;
        foreach (GeneralRegister at in Rows)
        {
            code.Prefetch(at, PrefetchBytes);
        }

        multiplyLines(code);
        foreach (GeneralRegister at in Rows)
        {
            code.Add(at, LineBytes);
        }

        code.Add(R10, inputBytes);
        code.Decrement(R11);
        code.JumpIfNotZero(step);
        code.Load(R11, Rax, FourDotsBlock.SumsOffset);
        for (int walk = 0; walk < Walks; walk++)
        {
            code.Add256(walk, walk, Walks + walk);
        }

        // Neighbours are added until one sum is left of each vector, a walk in each lane.
        code.AddNeighbours256(0, 0, 1);
        code.AddNeighbours256(2, 2, 3);
        code.AddNeighbours256(0, 0, 2);
        code.UpperHalf(1, 0);
        code.Add128(0, 0, 1);
        for (int walk = 0; walk < Walks; walk++)
        {
            code.StoreLane(R11, walk * FourDotsBlock.WalkBytes, 0, (byte)walk);
        }

        code.Add(R11, sizeof(float));
        code.Store(Rax, FourDotsBlock.SumsOffset, R11);
        code.Load(R11, Rax, FourDotsBlock.InputMoveOffset);
        code.Add(R10, R11);
        code.Load(R11, Rax, FourDotsBlock.RowsOffset);
        code.Decrement(R11);
        code.Store(Rax, FourDotsBlock.RowsOffset, R11);
        code.JumpIfNotZero(row);
        for (int i = 0; argument == Rcx && i < KeptVectors; i++)
        {
            code.LoadVector128(FirstKept + i, Rax, FourDotsBlock.KeptOffset + i * 16);
        }

        // What was given back has no upper halves that anyone wants.
        code.ZeroUpper();
        code.Return();
        return code.ToArray();
    }
}
