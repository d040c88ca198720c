using System.Runtime.InteropServices;
using static Octet.Backends.Cpu.MachineCode.KnownDots;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>The same products as <see cref="KnownDots"/>, of several tokens.</summary>
static unsafe class KnownTokenDots
{
    /// <summary>Whether every row comes out right. Scales that are powers of two are 1/2, 1 and 2 by turns.</summary>
    /// <param name="functions">What multiplies.</param>
    /// <param name="weights"><see cref="Weight"/> in E4M3, or in bfloat16.</param>
    /// <param name="tokens">How many.</param>
    /// <param name="powers">Whether scales are powers of two.</param>
    /// <param name="isBFloat16">Whether weights are, and have no scales.</param>
    internal static bool AreExact(DotsFunctions functions, byte* weights, int tokens, bool powers, bool isBFloat16 = false)
    {
        const int Lanes = 16, BlockOfPower = 32, MostTokens = TokenDotsCode.MostTokens, MostColumns = Steps * VbmiDotsCode.ScaledColumns;
        int inLane = isBFloat16 ? 2 : 4;
        int stepColumns = isBFloat16 ? TokenDotsCode.StepOfBFloat16 : functions.ScaledColumns;
        int columns = Steps * stepColumns;
        int walks = DotsFunctions.WalksOf(tokens);
        int walkFloats = DotsRun.WalkFloats(tokens);

        // [row][step][walk], and the two bytes that are read behind powers.
        byte* codes = stackalloc byte[Rows * Steps * DotsFunctions.Walks * sizeof(float) + 2];
        float* scales = (float*)codes;
        float* inputs = stackalloc float[MostTokens * MostColumns];
        var sums = (float*)NativeMemory.AlignedAlloc(VbmiDotsBlock.WalksBytes, LineBytes);
        try
        {
            for (int i = 0; i < tokens * columns; i++)
            {
                (int part, int token) = (i / Lanes / tokens, i / Lanes % tokens);
                inputs[i] = TokenInput(token, part / inLane * inLane * Lanes + i % Lanes * inLane + part % inLane);
            }

            for (int i = 0; i < Rows * Steps * walks * (powers ? sizeof(float) : 1); i++)
            {
                if (powers)
                {
                    codes[i] = (byte)(126 + i % 3);
                }
                else
                {
                    scales[i] = Scale(i);
                }
            }

            new Span<float>(sums, VbmiDotsBlock.WalksBytes / sizeof(float)).Clear();
            functions.MultiplyTokens(new DotsRun
            {
                First = weights,
                Apart = Rows * columns * (isBFloat16 ? sizeof(ushort) : 1),
                Inputs = inputs,
                Sums = sums,
                Rows = Rows,
                Steps = Steps,
                InputMove = -tokens * columns * sizeof(float),
                Scales = powers || isBFloat16 ? null : scales,
                Powers = powers ? codes : null,
                IsBFloat16 = isBFloat16,
                Tokens = tokens,
            });
            bool exact = true;
            for (int i = 0; i < walks * Rows * tokens; i++)
            {
                (int walk, int row, int token) = (i / tokens / Rows, i / tokens % Rows, i % tokens);
                float expected = 0;
                for (int column = 0; column < columns; column++)
                {
                    int step = (row * Steps + column / stepColumns) * walks + walk;
                    float scale = isBFloat16 ? 1 : powers ? (1 << (step * sizeof(float) + column % stepColumns / BlockOfPower) % 3) / 2f : Scale(step);
                    expected += Weight((walk * Rows + row) * columns + column) * TokenInput(token, column) * scale;
                }

                float found = 0;
                for (int lane = 0; lane < Lanes; lane++)
                {
                    found += sums[walk * walkFloats + (row * tokens + token) * Lanes + lane];
                }

                exact &= found == expected;
            }

            return exact;
        }
        finally
        {
            NativeMemory.AlignedFree(sums);
        }
    }

    static int TokenInput(int token, int column) => Input(column + 7 * token);
}
