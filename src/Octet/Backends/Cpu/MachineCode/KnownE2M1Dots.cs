using System.Runtime.InteropServices;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>Products of E2M1 codes that are small whole numbers, whose sums float32 holds exactly.</summary>
static unsafe class KnownE2M1Dots
{
    const int Line = 64;

    /// <summary>Whether every row comes out right, for each number of tokens and kind of scales.</summary>
    internal static bool AreExact(E2M1DotsFunctions functions)
    {
        const int Columns = 288, Rows = 3;
        byte* codes = stackalloc byte[Rows * Columns / 2];
        byte* scales = stackalloc byte[Rows * Columns / 16];
        float* x = stackalloc float[Columns];
        int inputs = E2M1DotsCode.MostTokens * E2M1Input.Stride(Columns);
        var memory = (float*)NativeMemory.AlignedAlloc((nuint)(inputs + E2M1DotsRun.SumFloats(Rows, E2M1DotsCode.MostTokens)) * sizeof(float), Line);
        try
        {
            for (int i = 0; i < Rows * Columns / 2; i++)
            {
                codes[i] = (byte)(i * 37);
            }

            bool exact = true;
            for (int tokens = 1; tokens <= E2M1DotsCode.MostTokens; tokens++)
            {
                for (int token = 0; token < tokens; token++)
                {
                    for (int column = 0; column < Columns; column++)
                    {
                        x[column] = Input(token, column);
                    }

                    E2M1Input.Arrange(x, Columns, memory, token, tokens, functions.VectorFloats);
                }

                exact &= AreExact(functions, codes, scales, memory, memory + inputs, new() { Rows = Rows, Columns = Columns, Tokens = tokens, HasPowers = true })
                    && AreExact(functions, codes, scales, memory, memory + inputs, new() { Rows = Rows, Columns = Columns, Tokens = tokens });
            }

            return exact;
        }
        finally
        {
            NativeMemory.AlignedFree(memory);
        }
    }

    static bool AreExact(E2M1DotsFunctions functions, byte* codes, byte* scales, float* inputs, float* sums, E2M1DotsRun run)
    {
        // 1, 2 and 4.
        int block = E2M1DotsCode.StepColumns / E2M1DotsCode.ScaleBytes(run.HasPowers);
        int scalesOfRow = run.Columns / block;
        for (int i = 0; i < run.Rows * scalesOfRow; i++)
        {
            scales[i] = (byte)(run.HasPowers ? 127 + i % 3 : (7 + i % 3) << 3);
        }

        new Span<float>(sums, E2M1DotsRun.SumFloats(run.Rows, run.Tokens)).Fill(float.NaN);
        functions.Multiply(run with { Codes = codes, RowBytes = run.Columns / 2, Scales = scales, ScaleRowBytes = scalesOfRow, Inputs = inputs, Sums = sums });
        bool exact = true;
        for (int i = 0; i < run.Rows * run.Tokens; i++)
        {
            float found = 0;
            for (int lane = 0; lane < functions.VectorFloats; lane++)
            {
                found += sums[i * functions.VectorFloats + lane];
            }

            exact &= found == Expected(codes, i / run.Tokens, i % run.Tokens, run.Columns, block);
        }

        return exact;
    }

    static float Expected(byte* codes, int row, int token, int columns, int block)
    {
        ReadOnlySpan<float> magnitudes = [0, 0.5f, 1, 1.5f, 2, 3, 4, 6];
        float sum = 0;
        for (int column = 0; column < columns; column++)
        {
            int at = row * columns + column;
            int code = codes[at / 2] >> (at % 2 * 4) & 15;
            float value = magnitudes[code % 8] * (1 << at / block % 3) * Input(token, column);
            sum += code < 8 ? value : -value;
        }

        return sum;
    }

    static int Input(int token, int column) => (column * 11 + token * 5) % 29 - 14;
}
