using System.Runtime.Intrinsics;
using static Octet.Backends.Cpu.MachineCode.GeneralRegister;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>
/// Some tokens times rows of E2M1 codes in blocks with 8-bit scales (MXFP4, NVFP4), with AVX-512 BW. 64 bytes of a row are 32 words of four codes. A look-up of words goes by the
/// lowest code of each, whatever stands above it, and gives a word of bfloat16; shifted by 0, 4, 8 and 12 bits, a word has given all of its four. The two words of a 32-bit lane
/// are then pulled apart, so that a lane holds eight neighbouring columns, one after another in eight vectors, and a scale of 16 or 32 columns is that of two or four lanes.
/// </summary>
/// <remarks>
/// The last step of a row ends where the row ends: columns that it has in common with the one before meet zeros, so that nothing beyond a row is read.
/// </remarks>
static class E2M1DotsCode
{
    /// <summary>Columns of a step.</summary>
    internal const int StepColumns = 128;

    /// <summary>Tokens that one widening can serve.</summary>
    internal const int MostTokens = 3;

    /// <summary>Bytes of <see cref="WriteTables"/>: <see cref="ScaledE2M1.Numbers"/>, what is kept of a pair of them, places of scales, what scales are compared or multiplied with.</summary>
    internal const int TableBytes = 4 * VectorBytes;

    /// <summary>6 to 12, which a function on Windows gives back as they were.</summary>
    internal const int KeptVectors = 7;

    /// <summary>Rows that are multiplied together, so that an input is loaded once for both.</summary>
    internal const int RowsTogether = 2;

    const int VectorBytes = 64;
    const int StepVectors = StepColumns * sizeof(float) / VectorBytes;
    const int Shifts = 4;
    const int CodeBits = 4;

    // Of two rows the codes, pairs of numbers, the first of each pair, and later the scales; sums of even words and of odd ones, [row][token]; sums times scales.
    const int Codes = 0;
    const int Pairs = 2;
    const int Even = 4;
    const int FirstKept = 6;
    const int Totals = FirstKept;
    const int Input = 12;
    const int Sums = 16;
    const int Numbers = 28;
    const int Mask = 29;
    const int Places = 30;
    const int Unit = 31;

    /// <summary>Bytes of a step's scales.</summary>
    internal static int ScaleBytes(bool powers) => powers ? 4 : 8;

    /// <summary>Rows times <paramref name="tokens"/> tokens.</summary>
    /// <param name="argument">Where the address of an <see cref="E2M1DotsBlock"/> comes.</param>
    /// <param name="tokens">1 to <see cref="MostTokens"/>.</param>
    /// <param name="powers">Scales are 2^(code - 127) and of 32 columns, as in MXFP4; otherwise positive E4M3 and of 16, as in NVFP4.</param>
    internal static byte[] Multiply(GeneralRegister argument, int tokens, bool powers)
    {
        E2M1DotsFrame frame = new(argument, FirstKept, KeptVectors, ScaleBytes(powers), tokens, VectorBytes);
        return frame.Generate(
            code =>
            {
                for (int table = 0; table < TableBytes / VectorBytes; table++)
                {
                    code.LoadVector(Numbers + table, R10, table * VectorBytes);
                }
            },
            code =>
            {
                for (int total = 0; total < RowsTogether * tokens; total++)
                {
                    code.ZeroVector(Totals + total);
                }
            },
            static code => code.Load(R11, Rax, E2M1DotsBlock.AheadOffset),
            code => MultiplyStep(code, tokens, powers),
            code =>
            {
                for (int total = 0; total < RowsTogether * tokens; total++)
                {
                    code.StoreVector(R11, total * VectorBytes, Totals + total);
                }
            });
    }

    /// <summary>What the functions for scales of one kind want.</summary>
    internal static void WriteTables(Span<byte> tables, bool powers)
    {
        // Twice: what looks words up goes by five bits, of which the highest belongs to the next code.
        for (int i = 0; i < VectorBytes / sizeof(ushort); i++)
        {
            BitConverter.TryWriteBytes(tables[(i * sizeof(ushort))..], (ushort)(BitConverter.SingleToUInt32Bits(ScaledE2M1.Numbers[i % Vector512<float>.Count]) >> 16));
        }

        int lanesOfScale = StepColumns / 8 / ScaleBytes(powers);
        for (int lane = 0; lane < VectorBytes / sizeof(uint); lane++)
        {
            BitConverter.TryWriteBytes(tables[(VectorBytes + 4 * lane)..], 0xFFFF0000);

            // A place whose sign is set gives 0. Scales are repeated, so that all are in reach of each 128 bits.
            BitConverter.TryWriteBytes(tables[(2 * VectorBytes + 4 * lane)..], 0x80808000 | (uint)(lane / lanesOfScale));

            // An exponent of 0 stands for half of the smallest normal number. E4M3 in the place of float32's exponent and fraction is 2^120 too small, a subnormal one too.
            BitConverter.TryWriteBytes(tables[(3 * VectorBytes + 4 * lane)..], powers ? 0x00400000u : 247u << 23);
        }
    }

    static void MultiplyStep(X64Encoder code, int tokens, bool powers)
    {
        code.Prefetch(new X64Encoder.Place(Rcx, 0, Rdx, 4));
        code.Prefetch(new X64Encoder.Place(Rcx, 0, R11));
        code.LoadVector(Codes, Rcx);
        code.LoadVector(Codes + 1, new X64Encoder.Place(Rcx, 0, Rdx));
        for (int shift = 0; shift < Shifts; shift++)
        {
            for (int row = 0; row < RowsTogether; row++)
            {
                int codes = Codes + row;
                if (shift > 0)
                {
                    codes = Pairs + row;
                    code.ShiftRightWords(codes, Codes + row, (byte)(shift * CodeBits));
                }

                code.LookUpWords(Pairs + row, codes, Numbers);
                code.ShiftLeft(Even + row, Pairs + row, 16);
                code.And(Pairs + row, Pairs + row, Mask);
            }

            for (int token = 0; token < tokens; token++)
            {
                for (int odd = 0; odd < 2; odd++)
                {
                    code.LoadVector(Input, R10, ((2 * shift + odd) * tokens + token) * VectorBytes);
                    for (int row = 0; row < RowsTogether; row++)
                    {
                        int sum = Sums + 2 * (row * tokens + token) + odd;
                        int number = (odd == 0 ? Even : Pairs) + row;
                        if (shift == 0)
                        {
                            code.Multiply(sum, number, Input);
                        }
                        else
                        {
                            code.MultiplyAdd(sum, number, Input);
                        }
                    }
                }
            }
        }

        for (int row = 0; row < RowsTogether; row++)
        {
            int scales = Pairs + row;
            X64Encoder.Place at = row == 0 ? new(R8) : new(R8, 0, R9);
            if (powers)
            {
                code.LoadLanes(scales, at);
                code.PickInLanes(scales, scales, Places);
                code.ShiftLeft(scales, scales, 23);
                code.Larger(scales, scales, Unit);
            }
            else
            {
                code.LoadPairsOfLanes(scales, at);
                code.PickInLanes(scales, scales, Places);
                code.ShiftLeft(scales, scales, 20);
                code.Multiply(scales, scales, Unit);
            }

            for (int token = 0; token < tokens; token++)
            {
                int sum = Sums + 2 * (row * tokens + token);
                code.Add(sum, sum, sum + 1);
                code.MultiplyAdd(Totals + row * tokens + token, sum, scales);
            }
        }
    }
}
