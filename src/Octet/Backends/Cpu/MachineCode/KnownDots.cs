using System.Runtime.InteropServices;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>Products of small whole numbers, whose sums float32 holds exactly.</summary>
static unsafe class KnownDots
{
    const int Steps = 3;
    const int Rows = 2;
    const int LineBytes = 64;

    /// <summary>Whether every row of each format comes out right; a code is widened to its number, less <paramref name="unit"/> twice as a factor.</summary>
    internal static bool AreExact(DotsFunctions functions, float unit)
    {
        // Codes of 0 to 7, and of none of their negatives: 0x38 is 1, 0x40 2, 0x44 3, ...
        ReadOnlySpan<byte> codes = [0x00, 0x38, 0x40, 0x44, 0x48, 0x4A, 0x4C, 0x4E];
        int lanes = functions.LeavesLanes ? 16 : 8;
        int pairs = 4 * lanes;
        int count = DotsFunctions.Walks * Rows * Steps * Math.Max(Math.Max(LineBytes, functions.ScaledColumns), pairs);
        var e4M3 = (byte*)NativeMemory.AlignedAlloc((nuint)count + LineBytes, LineBytes);
        var bFloat16 = (ushort*)NativeMemory.AlignedAlloc((nuint)count * sizeof(ushort) + LineBytes, LineBytes);
        try
        {
            // From the beginning of a line, and from within one.
            bool exact = true;
            foreach (int into in (ReadOnlySpan<int>)[0, 48])
            {
                byte* codesAt = e4M3 + into;
                var pairsAt = (ushort*)((byte*)bFloat16 + into);
                for (int i = 0; i < count; i++)
                {
                    int value = Weight(i);
                    codesAt[i] = (byte)(codes[Math.Abs(value)] | (value < 0 ? 0x80 : 0));
                    pairsAt[i] = (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16);
                }

                exact &= IsExact(functions, isE4M3: true, codesAt, LineBytes, inLane: 4, lanes, unit, scaled: false)
                    && (functions.ScaledColumns == 0 || IsExact(functions, isE4M3: true, codesAt, functions.ScaledColumns, inLane: 4, lanes, unit, scaled: true))
                    && IsExact(functions, isE4M3: false, (byte*)pairsAt, pairs, inLane: 2, lanes, 1, scaled: false);
                for (int tokens = 1; tokens <= functions.MostTokens && exact; tokens++)
                {
                    exact = AreTokensExact(functions, codesAt, tokens, powers: true)
                        && (tokens == 1 || (AreTokensExact(functions, codesAt, tokens, powers: false) && AreTokensExact(functions, (byte*)pairsAt, tokens, powers: false, isBFloat16: true)));
                }
            }

            return exact;
        }
        finally
        {
            NativeMemory.AlignedFree(e4M3);
            NativeMemory.AlignedFree(bFloat16);
        }
    }

    static int Weight(int index) => index * 5 % 15 - 7;

    static int Input(int column) => column * 11 % 29 - 14;

    static int Scale(int index) => index % 3 - 1;

    // Half of a power of two between a weight and its widened form is in the inputs, the other half in the sums.
    static bool IsExact(DotsFunctions functions, bool isE4M3, byte* weights, int elements, int inLane, int lanes, float half, bool scaled)
    {
        int columns = Steps * elements;
        int sumFloats = functions.LeavesLanes ? lanes : 1;
        int walkFloats = FourDotsBlock.MostRows * lanes;
        float* inputs = stackalloc float[columns];

        // [row][step][walk].
        float* scales = stackalloc float[Rows * Steps * DotsFunctions.Walks];
        var sums = (float*)NativeMemory.AlignedAlloc((nuint)(DotsFunctions.Walks * walkFloats * sizeof(float)), LineBytes);
        try
        {
            for (int i = 0; i < columns; i++)
            {
                int column = i / (inLane * lanes) * (inLane * lanes) + i % lanes * inLane + i / lanes % inLane;
                inputs[i] = Input(column) * half;
            }

            for (int i = 0; i < Rows * Steps * DotsFunctions.Walks; i++)
            {
                scales[i] = Scale(i);
            }

            new Span<float>(sums, DotsFunctions.Walks * walkFloats).Fill(float.NaN);
            DotsRun run = new()
            {
                First = weights,
                Apart = Rows * columns * (isE4M3 ? 1 : sizeof(ushort)),
                Inputs = inputs,
                Sums = sums,
                Rows = Rows,
                Steps = Steps,
                InputMove = -columns * sizeof(float),
                Scales = scaled ? scales : null,
            };
            if (isE4M3)
            {
                functions.MultiplyE4M3(run);
            }
            else
            {
                functions.MultiplyBFloat16(run);
            }

            bool exact = true;
            for (int i = 0; i < DotsFunctions.Walks * Rows; i++)
            {
                float expected = 0;
                for (int column = 0; column < columns; column++)
                {
                    int scale = scaled ? Scale((i % Rows * Steps + column / elements) * DotsFunctions.Walks + i / Rows) : 1;
                    expected += Weight(i * columns + column) * Input(column) * scale;
                }

                float found = 0;
                for (int lane = 0; lane < sumFloats; lane++)
                {
                    found += sums[i / Rows * walkFloats + i % Rows * sumFloats + lane];
                }

                exact &= found * half == expected;
            }

            return exact;
        }
        finally
        {
            NativeMemory.AlignedFree(sums);
        }
    }

    // Scales that are powers of two are 2, 1 and 1/2 by turns, others as above.
    static bool AreTokensExact(DotsFunctions functions, byte* weights, int tokens, bool powers, bool isBFloat16 = false)
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
