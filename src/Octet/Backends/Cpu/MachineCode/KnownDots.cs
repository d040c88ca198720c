using System.Runtime.InteropServices;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>Products of small whole numbers, whose sums float32 holds exactly.</summary>
static unsafe class KnownDots
{
    const int Steps = 3;
    const int Rows = 2;
    const int Walks = 4;
    const int Lanes = 8;
    const int LineBytes = 64;

    /// <summary>Whether every row of each format comes out right.</summary>
    internal static bool AreExact(FourDotsFunctions functions)
    {
        // Codes of 0 to 7, and of none of their negatives: 0x38 is 1, 0x40 2, 0x44 3, ...
        ReadOnlySpan<byte> codes = [0x00, 0x38, 0x40, 0x44, 0x48, 0x4A, 0x4C, 0x4E];
        byte* e4M3 = stackalloc byte[Walks * Rows * Steps * LineBytes];
        var bFloat16 = (ushort*)NativeMemory.AlignedAlloc(Walks * Rows * Steps * LineBytes, LineBytes);
        try
        {
            for (int i = 0; i < Walks * Rows * Steps * LineBytes; i++)
            {
                int value = Weight(i);
                e4M3[i] = (byte)(codes[Math.Abs(value)] | (value < 0 ? 0x80 : 0));
            }

            for (int i = 0; i < Walks * Rows * Steps * LineBytes / sizeof(ushort); i++)
            {
                bFloat16[i] = (ushort)(BitConverter.SingleToUInt32Bits(Weight(i)) >> 16);
            }

            return IsExact(functions.MultiplyE4M3, e4M3, elements: LineBytes, RawE4M3Weights.HalfUnit)
                && IsExact(functions.MultiplyBFloat16, (byte*)bFloat16, elements: LineBytes / sizeof(ushort), 1);
        }
        finally
        {
            NativeMemory.AlignedFree(bFloat16);
        }
    }

    static int Weight(int index) => index * 5 % 15 - 7;

    static int Input(int column) => column * 11 % 29 - 14;

    // Half of a power of two between a weight and its widened form is in the inputs, the other half in the sums.
    static bool IsExact(Action<FourDotsBlock> multiply, byte* weights, int elements, float half)
    {
        int columns = Steps * elements;
        int inLane = elements / (2 * Lanes);
        float* inputs = stackalloc float[Steps * LineBytes];
        float* sums = stackalloc float[Walks * FourDotsBlock.WalkBytes / sizeof(float)];
        for (int i = 0; i < columns; i++)
        {
            int column = i / (inLane * Lanes) * (inLane * Lanes) + i % Lanes * inLane + i / Lanes % inLane;
            inputs[i] = Input(column) * half;
        }

        nint walkBytes = Rows * Steps * LineBytes;
        multiply(new FourDotsBlock
        {
            First = weights,
            Second = weights + walkBytes,
            Third = weights + 2 * walkBytes,
            Fourth = weights + 3 * walkBytes,
            Inputs = inputs,
            Sums = sums,
            Rows = Rows,
            Steps = Steps,
            InputMove = -columns * sizeof(float),
        });
        bool exact = true;
        for (int i = 0; i < Walks * Rows; i++)
        {
            float expected = 0;
            for (int column = 0; column < columns; column++)
            {
                expected += Weight(i * columns + column) * Input(column);
            }

            exact &= sums[i / Rows * (FourDotsBlock.WalkBytes / sizeof(float)) + i % Rows] * half == expected;
        }

        return exact;
    }
}
