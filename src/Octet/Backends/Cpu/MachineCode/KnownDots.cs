using System.Runtime.InteropServices;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>Products of small whole numbers, whose sums float32 holds exactly.</summary>
static unsafe class KnownDots
{
    internal const int Steps = 3;
    internal const int Rows = 2;
    internal const int LineBytes = 64;

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
                    exact = KnownTokenDots.AreExact(functions, codesAt, tokens, powers: true)
                        && (tokens == 1 || (KnownTokenDots.AreExact(functions, codesAt, tokens, powers: false) && KnownTokenDots.AreExact(functions, (byte*)pairsAt, tokens, powers: false, isBFloat16: true)));
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

    internal static int Weight(int index) => index * 5 % 15 - 7;

    internal static int Input(int column) => column * 11 % 29 - 14;

    internal static int Scale(int index) => index % 3 - 1;

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
}
