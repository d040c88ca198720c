using static Octet.Backends.Cpu.MachineCode.GeneralRegister;
using static Octet.Backends.Cpu.MachineCode.VbmiDotsCode;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>
/// Some tokens times rows of E4M3 codes, in blocks with a scale each, with AVX-512 VBMI: rows are widened as in <see cref="VbmiDotsCode"/>, two at a time, so that an input is loaded
/// once for both and a widening serves up to <see cref="MostTokens"/>. Blocks are of <see cref="VbmiDotsCode.ScaledColumns"/> columns with scales in float32, or of 32 with powers of two
/// in 8 bits (MXFP8). Or rows of bfloat16 without scales. Products are added to what is there, so that columns can be multiplied some at a time.
/// </summary>
/// <remarks>
/// A lane is four neighbouring columns, 32 columns are eight lanes, and a line of 64 columns has two scales, each in half of a vector's lanes. Sums begin anew with each block, so that
/// blocks are multiplied at the same time, though the sum of one is a single chain of additions.
/// </remarks>
static class TokenDotsCode
{
    internal const int MostTokens = 4;

    /// <summary>Columns of a step of bfloat16.</summary>
    internal const int StepOfBFloat16 = Lines * LineBytes / sizeof(ushort);

    /// <summary>Rows from so many places at the same time.</summary>
    internal const int Walks = 2;

    /// <summary>Bytes of <see cref="WritePlaces"/>.</summary>
    internal const int PlacesBytes = VectorBytes;

    /// <summary>An exponent of 0 stands for half of the smallest normal number.</summary>
    internal const uint SmallestPower = 0x00400000;

    const int LineVectors = 4;
    const int Lines = ScaledColumns / LineBytes;
    const int ExponentBits = 23;

    // 0 to 5: of each of two rows pairs of bfloat16, lower and upper, and the first of a pair. 16 and up are sums, [walk][token], then sums times scales; without those
    // sums of the first of pairs, then those of the second.
    const int Places = 13;
    const int Unit = 14;
    const int Input = 15;
    const int Sums = 16;
    const int Totals = 24;
    const int RowVectors = 3;

    /// <summary>Rows of codes times <paramref name="tokens"/> tokens.</summary>
    /// <param name="argument">Where the address of a <see cref="VbmiDotsBlock"/> comes.</param>
    /// <param name="tokens">1 to <see cref="MostTokens"/>.</param>
    /// <param name="walks"><see cref="Walks"/>, or for one token twice as many, <see cref="VbmiDotsCode.Walks"/>.</param>
    /// <param name="powers">Scales are powers of two, of 32 columns.</param>
    /// <param name="whole">Whether a step is loaded as it lies; otherwise rows are read by whole lines of the cache, as in <see cref="VbmiDotsCode"/>.</param>
    internal static byte[] E4M3(GeneralRegister argument, int tokens, int walks, bool powers, bool whole)
        => Generate(argument, tokens, walks, hasScales: true, powers, code => MultiplyStep(code, tokens, walks, powers, whole));

    /// <summary>Rows of bfloat16 from two places times <paramref name="tokens"/> tokens.</summary>
    internal static byte[] BFloat16(GeneralRegister argument, int tokens)
        => Generate(argument, tokens, Walks, hasScales: false, powers: false, code => MultiplyStep(code, tokens));

    static byte[] Generate(GeneralRegister argument, int tokens, int walks, bool hasScales, bool powers, Action<X64Encoder> multiplyStep)
    {
        // Rax: the block; R8: scales; R10: inputs; R11: counts, and the sums between rows.
        var code = new X64Encoder();
        code.Move(Rax, argument);
        Keep(code, argument);
        if (hasScales)
        {
            code.Load(R10, Rax, VbmiDotsBlock.TablesOffset);
            LoadTables(code, isE4M3: true);
            code.Load(R10, Rax, VbmiDotsBlock.OrderOffset);
            code.LoadVector(Order, R10);
            code.LoadLanes(Signs, Rax, VbmiDotsBlock.SignsOffset);
        }

        code.LoadLanes(Mask, Rax, VbmiDotsBlock.MaskOffset);
        if (powers)
        {
            code.Load(R10, Rax, VbmiDotsBlock.PlacesOffset);
            code.LoadVector(Places, R10);
            code.LoadLanes(Unit, Rax, VbmiDotsBlock.UnitOffset);
        }

        code.Load(Rcx, Rax, 0);
        code.Load(R9, Rax, VbmiDotsBlock.ApartOffset);
        if (walks > Walks)
        {
            FindFourth(code);
        }

        if (hasScales)
        {
            code.Load(R8, Rax, VbmiDotsBlock.ScalesOffset);
        }

        code.Load(R10, Rax, VbmiDotsBlock.InputsOffset);
        int row = code.Position;
        code.Load(R11, Rax, VbmiDotsBlock.SumsOffset);
        for (int total = 0; total < walks * tokens; total++)
        {
            code.LoadVector((hasScales ? Totals : Sums) + total, new X64Encoder.Place(R11, total / tokens * VbmiDotsBlock.WalksBytes / walks + total % tokens * VectorBytes));
        }

        for (int sum = 0; !hasScales && sum < walks * tokens; sum++)
        {
            code.ZeroVector(Sums + walks * tokens + sum);
        }

        code.Load(R11, Rax, VbmiDotsBlock.StepsOffset);
        int step = code.Position;
        multiplyStep(code);
        if (hasScales)
        {
            code.Add(R8, walks * sizeof(float));
        }

        code.Add(Rcx, Lines * LineBytes);
        if (walks > Walks)
        {
            code.Add(Rdx, Lines * LineBytes);
        }

        code.Add(R10, Lines * (hasScales ? LineVectors : LineVectors / 2) * VectorBytes * tokens);
        code.Decrement(R11);
        code.JumpIfNotZero(step);
        code.Load(R11, Rax, VbmiDotsBlock.SumsOffset);
        for (int total = 0; total < walks * tokens; total++)
        {
            int at = (hasScales ? Totals : Sums) + total;
            if (!hasScales)
            {
                code.Add(at, at, at + walks * tokens);
            }

            code.StoreVector(R11, total / tokens * VbmiDotsBlock.WalksBytes / walks + total % tokens * VectorBytes, at);
        }

        code.Add(R11, tokens * VectorBytes);
        code.Store(Rax, VbmiDotsBlock.SumsOffset, R11);
        code.Load(R11, Rax, VbmiDotsBlock.InputMoveOffset);
        code.Add(R10, R11);
        code.Load(R11, Rax, VbmiDotsBlock.RowMoveOffset);
        code.Add(Rcx, R11);
        if (walks > Walks)
        {
            code.Add(Rdx, R11);
        }

        if (hasScales)
        {
            code.Load(R11, Rax, VbmiDotsBlock.ScaleMoveOffset);
            code.Add(R8, R11);
        }

        code.Load(R11, Rax, VbmiDotsBlock.RowsOffset);
        code.Decrement(R11);
        code.Store(Rax, VbmiDotsBlock.RowsOffset, R11);
        code.JumpIfNotZero(row);
        return End(code, argument);
    }

    /// <summary>Of the scales of a line: the first in the lower half of the lanes, the second in the upper. A place whose sign is set gives 0.</summary>
    internal static void WritePlaces(Span<byte> places)
    {
        for (int lane = 0; lane < PlacesBytes / sizeof(uint); lane++)
        {
            BitConverter.TryWriteBytes(places[(lane * sizeof(uint))..], 0x80808000 | (uint)(lane / (PlacesBytes / sizeof(uint) / 2)));
        }
    }

    static void Prefetch(X64Encoder code, int walks)
    {
        for (int i = 0; i < walks * Lines; i++)
        {
            code.Prefetch(Rows[i / Lines] with { Offset = PrefetchBytes + i % Lines * LineBytes });
        }
    }

    // Of bfloat16.
    static void MultiplyStep(X64Encoder code, int tokens)
    {
        Prefetch(code, Walks);
        for (int line = 0; line < Lines; line++)
        {
            for (int row = 0; row < Walks; row++)
            {
                code.LoadVector(row * RowVectors, Rows[row] with { Offset = line * LineBytes });
                Part(code, row * RowVectors, pairs: 0);
            }

            for (int i = 0; i < 2 * tokens; i++)
            {
                int token = i % tokens;
                bool isFirst = i < tokens;
                code.LoadVector(Input, R10, (line * 2 * tokens + i) * VectorBytes);
                for (int row = 0; row < Walks; row++)
                {
                    code.MultiplyAdd(Sums + (isFirst ? 0 : Walks * tokens) + row * tokens + token, row * RowVectors + (isFirst ? 1 : 0), Input);
                }
            }
        }
    }

    // The first of each pair moves to the upper half of a lane of the vector behind, the second stays alone.
    static void Part(X64Encoder code, int at, int pairs)
    {
        code.ShiftLeft(at + 1, at + pairs, 16);
        code.And(at + pairs, at + pairs, Mask);
    }

    static void MultiplyStep(X64Encoder code, int tokens, int walks, bool powers, bool whole)
    {
        Prefetch(code, walks);
        for (int line = 0; line < Lines; line++)
        {
            for (int walk = 0; walk < walks; walk += Walks)
            {
                MultiplyLine(code, tokens, walk, line, begins: powers || line == 0, whole);
            }

            for (int walk = 0; walk < walks && (powers || line == Lines - 1); walk++)
            {
                if (powers)
                {
                    code.LoadLanes(walk, R8, walk * sizeof(float) + line * 2);
                    code.PickInLanes(walk, walk, Places);
                    code.ShiftLeft(walk, walk, ExponentBits);
                    code.Larger(walk, walk, Unit);
                }
                else
                {
                    code.LoadLanes(walk, R8, walk * sizeof(float));
                }

                for (int token = 0; token < tokens; token++)
                {
                    code.MultiplyAdd(Totals + walk * tokens + token, Sums + walk * tokens + token, walk);
                }
            }
        }
    }

    // Two rows.
    static void MultiplyLine(X64Encoder code, int tokens, int walk, int line, bool begins, bool whole)
    {
        for (int row = 0; row < Walks; row++)
        {
            LoadLine(code, Rows[walk + row] with { Offset = line * LineBytes }, aligned: whole, at: row * RowVectors);
            Widen(code, row * RowVectors);
        }

        for (int vector = 0; vector < LineVectors; vector++)
        {
            int pairs = vector / 2 * 2;
            bool isFirst = vector % 2 == 0;
            for (int row = 0; isFirst && row < Walks; row++)
            {
                Part(code, row * RowVectors, pairs);
            }

            for (int token = 0; token < tokens; token++)
            {
                code.LoadVector(Input, R10, ((line * LineVectors + vector) * tokens + token) * VectorBytes);
                for (int row = 0; row < Walks; row++)
                {
                    int sum = Sums + (walk + row) * tokens + token;
                    int numbers = row * RowVectors + (isFirst ? 1 : pairs);
                    if (begins && vector == 0)
                    {
                        code.Multiply(sum, numbers, Input);
                    }
                    else
                    {
                        code.MultiplyAdd(sum, numbers, Input);
                    }
                }
            }
        }
    }
}
