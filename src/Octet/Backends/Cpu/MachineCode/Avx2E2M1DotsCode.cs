using static Octet.Backends.Cpu.MachineCode.GeneralRegister;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>
/// What <see cref="E2M1DotsCode"/> does, with AVX2 and FMA. 32 bytes of a row are 64 columns, 32 of them in each 128 bits. A nibble looks both bytes of a number of bfloat16 up; those of
/// eight bytes are put side by side, 16 columns of each 128 bits, and the two words of a 32-bit lane are pulled apart.
/// </summary>
static class Avx2E2M1DotsCode
{
    /// <summary>Bytes of <see cref="WriteTables"/>: first bytes of numbers and second ones, what is kept of a byte and of a pair of words, places of scales, what scales are compared or multiplied with.</summary>
    internal const int TableBytes = 7 * VectorBytes;

    /// <summary>6 to 15, which a function on Windows gives back as they were.</summary>
    internal const int KeptVectors = 10;

    const int StepColumns = E2M1DotsCode.StepColumns;
    const int RowsTogether = E2M1DotsCode.RowsTogether;
    const int VectorBytes = 32;
    const int StepBytes = StepColumns / 2;
    const int Halves = StepBytes / VectorBytes;
    const int HalfVectors = StepColumns / Halves / (VectorBytes / sizeof(float));
    const int CodeBits = 4;

    // Sums of the first 16 columns of 32 and of the others, [token][half]; codes, bytes of numbers, which become pairs of them, the first of each pair, and later scales.
    const int Sums = 0;
    const int FirstKept = 6;
    const int Codes = 6;
    const int First = 7;
    const int Second = 8;
    const int Even = 9;
    const int Tables = 12;

    // Registers are left for the totals of so many tokens; those of more lie in memory.
    const int MostTotalsTokens = 2;
    static ReadOnlySpan<int> Totals => [4, 5, 10, 11];

    // Of the tables.
    const int PlacesOffset = 4 * VectorBytes;
    const int UnitOffset = 6 * VectorBytes;

    /// <summary>Rows times <paramref name="tokens"/> tokens.</summary>
    /// <param name="argument">Where the address of an <see cref="E2M1DotsBlock"/> comes.</param>
    /// <param name="tokens">1 to <see cref="E2M1DotsCode.MostTokens"/>.</param>
    /// <param name="powers">As of <see cref="E2M1DotsCode.Multiply"/>.</param>
    internal static byte[] Multiply(GeneralRegister argument, int tokens, bool powers)
    {
        E2M1DotsFrame frame = new(argument, FirstKept, KeptVectors, E2M1DotsCode.ScaleBytes(powers), tokens, VectorBytes);
        return frame.Generate(
            static code =>
            {
                for (int table = 0; table < PlacesOffset / VectorBytes; table++)
                {
                    code.LoadVector256(Tables + table, R10, table * VectorBytes);
                }
            },
            code => BeginTotals(code, tokens),
            static _ => { },
            code => MultiplyStep(code, tokens, powers),
            code =>
            {
                for (int total = 0; tokens <= MostTotalsTokens && total < RowsTogether * tokens; total++)
                {
                    code.StoreVector256(R11, total * VectorBytes, Totals[total]);
                }
            });
    }

    /// <summary>What the functions for scales of one kind want.</summary>
    internal static void WriteTables(Span<byte> tables, bool powers)
    {
        for (int i = 0; i < VectorBytes; i++)
        {
            uint number = BitConverter.SingleToUInt32Bits(ScaledE2M1.Numbers[i % 16]);
            tables[i] = (byte)(number >> 16);
            tables[VectorBytes + i] = (byte)(number >> 24);
            tables[2 * VectorBytes + i] = 0x0F;
        }

        for (int lane = 0; lane < VectorBytes / sizeof(uint); lane++)
        {
            BitConverter.TryWriteBytes(tables[(3 * VectorBytes + 4 * lane)..], 0xFFFF0000);

            // As of E2M1DotsCode. Powers: the first half of a step, and the second; E4M3: the first 16 columns of 32, and the others.
            int block = lane / 4;
            BitConverter.TryWriteBytes(tables[(PlacesOffset + 4 * lane)..], 0x80808000 | (uint)(powers ? block : 2 * block));
            BitConverter.TryWriteBytes(tables[(PlacesOffset + VectorBytes + 4 * lane)..], 0x80808000 | (uint)(powers ? 2 + block : 2 * block + 1));
            BitConverter.TryWriteBytes(tables[(UnitOffset + 4 * lane)..], powers ? 0x00400000u : 247u << 23);
        }
    }

    static void BeginTotals(X64Encoder code, int tokens)
    {
        if (tokens <= MostTotalsTokens)
        {
            for (int total = 0; total < RowsTogether * tokens; total++)
            {
                code.ZeroVector256(Totals[total]);
            }

            return;
        }

        code.Load(R11, Rax, E2M1DotsBlock.SumsOffset);
        code.ZeroVector256(Sums);
        for (int total = 0; total < RowsTogether * tokens; total++)
        {
            code.StoreVector256(R11, total * VectorBytes, Sums);
        }
    }

    static void MultiplyStep(X64Encoder code, int tokens, bool powers)
    {
        code.Load(R11, Rax, E2M1DotsBlock.AheadOffset);
        code.Prefetch(new X64Encoder.Place(Rcx, 0, Rdx, 4));
        code.Prefetch(new X64Encoder.Place(Rcx, 0, R11));
        for (int half = 0; half < Halves; half++)
        {
            for (int row = 0; row < RowsTogether; row++)
            {
                MultiplyHalf(code, row, half, tokens);
                AddTotals(code, row, half, tokens, powers);
            }
        }
    }

    static void MultiplyHalf(X64Encoder code, int row, int half, int tokens)
    {
        for (int nibble = 0; nibble < 2; nibble++)
        {
            code.LoadVector256(Codes, row == 0 ? new(Rcx, half * VectorBytes) : new(Rcx, half * VectorBytes, Rdx));
            if (nibble == 1)
            {
                code.ShiftRightWords256(Codes, Codes, CodeBits);
            }

            code.And256(Codes, Codes, Tables + 2);
            code.PickInLanes256(First, Tables, Codes);
            code.PickInLanes256(Second, Tables + 1, Codes);
            code.InterleaveBytes256(Codes, First, Second, upper: false);
            code.InterleaveBytes256(Second, First, Second, upper: true);
            for (int part = 0; part < 2; part++)
            {
                int pairs = part == 0 ? Codes : Second;
                code.ShiftLeft32(Even, pairs, 16);
                code.And256(pairs, pairs, Tables + 3);
                for (int odd = 0; odd < 2; odd++)
                {
                    for (int token = 0; token < tokens; token++)
                    {
                        int sum = Sums + 2 * token + part;
                        int number = odd == 0 ? Even : pairs;
                        int input = ((half * HalfVectors + (nibble * 2 + part) * 2 + odd) * tokens + token) * VectorBytes;
                        if (nibble == 0 && odd == 0)
                        {
                            code.Multiply256(sum, number, R10, input);
                        }
                        else
                        {
                            code.MultiplyAdd256(sum, number, R10, input);
                        }
                    }
                }
            }
        }
    }

    static void AddTotals(X64Encoder code, int row, int half, int tokens, bool powers)
    {
        int offset = powers ? 0 : half * sizeof(int);
        code.Load(R11, Rax, E2M1DotsBlock.TablesOffset);
        code.LoadLanes256(Codes, row == 0 ? new(R8, offset) : new(R8, offset, R9));
        if (powers)
        {
            code.PickInLanes256(Codes, Codes, R11, PlacesOffset + half * VectorBytes);
            code.ShiftLeft32(Codes, Codes, 23);
            code.Larger256(Codes, Codes, R11, UnitOffset);
        }
        else
        {
            code.PickInLanes256(First, Codes, R11, PlacesOffset + VectorBytes);
            code.PickInLanes256(Codes, Codes, R11, PlacesOffset);
            code.ShiftLeft32(First, First, 20);
            code.ShiftLeft32(Codes, Codes, 20);
            code.Multiply256(First, First, R11, UnitOffset);
            code.Multiply256(Codes, Codes, R11, UnitOffset);
        }

        if (tokens > MostTotalsTokens)
        {
            code.Load(R11, Rax, E2M1DotsBlock.SumsOffset);
        }

        for (int token = 0; token < tokens; token++)
        {
            int sum = Sums + 2 * token;
            int total = row * tokens + token;
            if (powers)
            {
                code.Add256(sum, sum, sum + 1);
            }

            if (tokens <= MostTotalsTokens)
            {
                code.MultiplyAdd256(Totals[total], sum, Codes);
                if (!powers)
                {
                    code.MultiplyAdd256(Totals[total], sum + 1, First);
                }

                continue;
            }

            code.MultiplyThenAdd256(sum, Codes, R11, total * VectorBytes);
            if (!powers)
            {
                code.MultiplyAdd256(sum, sum + 1, First);
            }

            code.StoreVector256(R11, total * VectorBytes, sum);
        }
    }
}
