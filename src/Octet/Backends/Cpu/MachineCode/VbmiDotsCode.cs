using static Octet.Backends.Cpu.MachineCode.GeneralRegister;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>
/// One token times rows from four places, with AVX-512 VBMI: operation for operation the loop of <c>VectorKernels.FourDots</c>, but for the last
/// additions of a row; or in blocks of columns, whose sums are multiplied with a scale each.
/// </summary>
/// <remarks>
/// Walks of 64 KB and more, 1.5 KB of each asked for, two lines at a time: on a Zen 5 that gives four fifths of what reading alone gets. Eight walks, or less asked for,
/// or walks that end with a block of 128 rows, give two thirds to a half of it (docs/performance.md, Z8). Tensors of a file begin anywhere, and loads across two lines of
/// the cache took a third of that again: lines are loaded whole, and what belongs together is picked from two.
/// </remarks>
static class VbmiDotsCode
{
    internal const int Walks = DotsFunctions.Walks;

    /// <summary>What one scale is for, in <see cref="ScaledE4M3"/>.</summary>
    internal const int ScaledColumns = 128;

    /// <summary>6 to 15, which a function on Windows gives back as they were.</summary>
    internal const int KeptVectors = 10;

    /// <summary>Bytes of the look-up's tables: both halves of the upper bytes, both of the lower ones.</summary>
    internal const int TableBytes = 4 * VectorBytes;

    /// <summary>Bytes of what <see cref="WriteOrders"/> writes: an order for each place in a line.</summary>
    internal const int OrdersBytes = LineBytes * VectorBytes;

    const int FirstKept = 6;
    internal const int VectorBytes = 64;
    internal const int LineBytes = 64;
    internal const int PrefetchBytes = 1536;

    // Vectors 16 to 19 are the sums of even parts, 20 to 23 those of odd ones, 24 to 27 the sums of blocks times scales; 0 to 2 are at hand.
    const int Sums = 16;
    const int Totals = Sums + 2 * Walks;
    internal const int FirstTable = 6;
    internal const int Order = 10;
    internal const int Signs = 11;
    internal const int Mask = 12;

    // RCX is the first walk, RDX the fourth, R9 what walks are apart.
    internal static ReadOnlySpan<X64Encoder.Place> Rows => new X64Encoder.Place[] { new(Rcx), new(Rcx, 0, R9), new(Rcx, 0, R9, 2), new(Rdx) };

    /// <summary>Codes of E4M3, as <see cref="VbmiE4M3Weights"/> looks them up.</summary>
    internal static byte[] E4M3(GeneralRegister argument, bool aligned)
        => Generate(argument, isE4M3: true, lines: 1, scaled: false, (code, row, walk, line) => MultiplyCodes(code, row, walk, aligned, 0, begins: false));

    /// <summary>The same in blocks of <see cref="ScaledColumns"/>.</summary>
    internal static byte[] ScaledE4M3(GeneralRegister argument, bool aligned)
        => Generate(argument, isE4M3: true, lines: ScaledColumns / LineBytes, scaled: true, (code, row, walk, line) => MultiplyCodes(code, row, walk, aligned, line * 4 * VectorBytes, begins: line == 0));

    /// <summary>Bfloat16: the first of a pair moves to the upper half of a lane, the second is there.</summary>
    internal static byte[] BFloat16(GeneralRegister argument, bool aligned) => Generate(argument, isE4M3: false, lines: 2, scaled: false, (code, row, walk, line) =>
    {
        LoadLine(code, row, aligned, inOrder: true);
        MultiplyPair(code, walk, 0, line * 2 * VectorBytes, begins: false);
    });

    /// <summary>
    /// For rows that begin 0, 1, 2, ... 63 bytes into a line: where the bytes of a step are. Of 16 codes those that are elements 0 and 1 of their four lanes
    /// come first, then 2 and 3, so that widening pairs leaves each in its lane; bfloat16 stays in order.
    /// </summary>
    internal static void WriteOrders(Span<byte> orders, bool ofCodes)
    {
        ReadOnlySpan<byte> pairs = [0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15];
        for (int i = 0; i < OrdersBytes; i++)
        {
            int at = i % VectorBytes;
            orders[i] = (byte)(i / VectorBytes + (ofCodes ? at / pairs.Length * pairs.Length + pairs[at % pairs.Length] : at));
        }
    }

    // What a row has of two lines: the second holds some of it, so that no byte of it is beyond what is there, unless the first holds all.
    internal static void LoadLine(X64Encoder code, X64Encoder.Place row, bool aligned, bool inOrder = false, int at = 0)
    {
        if (aligned && !inOrder)
        {
            code.PickBytes(at, Order, row);
            return;
        }

        code.LoadVector(at, row);
        if (!aligned)
        {
            code.PickBytesOfBoth(at, Order, row with { Offset = row.Offset + LineBytes });
        }
    }

    static void MultiplyCodes(X64Encoder code, X64Encoder.Place row, int walk, bool aligned, int inputs, bool begins)
    {
        LoadLine(code, row, aligned);
        Widen(code, 0);
        MultiplyPair(code, walk, 0, inputs, begins);
        MultiplyPair(code, walk, 2, inputs + 2 * VectorBytes, begins: false);
    }

    // The pairs of bfloat16 in a vector, with the inputs of the first of each and then of the second.
    static void MultiplyPair(X64Encoder code, int walk, int pairs, int inputs, bool begins)
    {
        code.ShiftLeft(1, pairs, 16);
        code.And(pairs, pairs, Mask);
        if (begins)
        {
            code.Multiply(Sums + walk, 1, R10, inputs);
            code.Multiply(Sums + Walks + walk, pairs, R10, inputs + VectorBytes);
        }
        else
        {
            code.MultiplyAdd(Sums + walk, 1, R10, inputs);
            code.MultiplyAdd(Sums + Walks + walk, pairs, R10, inputs + VectorBytes);
        }
    }

    static byte[] Generate(GeneralRegister argument, bool isE4M3, int lines, bool scaled, Action<X64Encoder, X64Encoder.Place, int, int> multiplyLine)
    {
        // Rax: the block; R8: scales; R10: inputs; R11: counts, and the sums between rows.
        var code = new X64Encoder();
        code.Move(Rax, argument);
        Keep(code, argument);
        code.Load(R10, Rax, VbmiDotsBlock.TablesOffset);
        LoadTables(code, isE4M3);
        code.Load(R10, Rax, VbmiDotsBlock.OrderOffset);
        code.LoadVector(Order, R10);
        code.LoadLanes(Signs, Rax, VbmiDotsBlock.SignsOffset);
        code.LoadLanes(Mask, Rax, VbmiDotsBlock.MaskOffset);
        code.Load(Rcx, Rax, 0);
        code.Load(R9, Rax, VbmiDotsBlock.ApartOffset);
        FindFourth(code);

        if (scaled)
        {
            code.Load(R8, Rax, VbmiDotsBlock.ScalesOffset);
        }

        code.Load(R10, Rax, VbmiDotsBlock.InputsOffset);
        int row = code.Position;
        for (int sum = 0; sum < (scaled ? Walks : 2 * Walks); sum++)
        {
            code.ZeroVector((scaled ? Totals : Sums) + sum);
        }

        code.Load(R11, Rax, VbmiDotsBlock.StepsOffset);
        int step = code.Position;
        MultiplyStep(code, lines, multiplyLine);
        if (scaled)
        {
            for (int walk = 0; walk < Walks; walk++)
            {
                code.Add(Sums + walk, Sums + walk, Sums + Walks + walk);
                code.LoadLanes(0, R8, walk * sizeof(float));
                code.MultiplyAdd(Totals + walk, Sums + walk, 0);
            }

            code.Add(R8, Walks * sizeof(float));
        }

        code.Add(Rcx, lines * LineBytes);
        code.Add(Rdx, lines * LineBytes);
        code.Add(R10, lines * LineBytes * sizeof(float) / (isE4M3 ? 1 : sizeof(ushort)));
        code.Decrement(R11);
        code.JumpIfNotZero(step);
        code.Load(R11, Rax, VbmiDotsBlock.SumsOffset);
        for (int walk = 0; walk < Walks; walk++)
        {
            if (!scaled)
            {
                code.Add(Sums + walk, Sums + walk, Sums + Walks + walk);
            }

            code.StoreVector(R11, walk * VbmiDotsBlock.WalkBytes, (scaled ? Totals : Sums) + walk);
        }

        code.Add(R11, VectorBytes);
        code.Store(Rax, VbmiDotsBlock.SumsOffset, R11);
        code.Load(R11, Rax, VbmiDotsBlock.InputMoveOffset);
        code.Add(R10, R11);
        if (scaled)
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

    /// <summary>Where an argument comes in RCX, as on Windows, some vectors are given back as they were.</summary>
    internal static void Keep(X64Encoder code, GeneralRegister argument)
    {
        for (int i = 0; argument == Rcx && i < KeptVectors; i++)
        {
            code.StoreVector128(Rax, VbmiDotsBlock.KeptOffset + i * 16, FirstKept + i);
        }
    }

    /// <summary>The look-up's tables, unless nothing is looked up, from R10.</summary>
    internal static void LoadTables(X64Encoder code, bool isE4M3)
    {
        for (int table = 0; isE4M3 && table < TableBytes / VectorBytes; table++)
        {
            code.LoadVector(FirstTable + table, R10, table * VectorBytes);
        }
    }

    /// <summary>The beginning of the fourth walk.</summary>
    internal static void FindFourth(X64Encoder code)
    {
        code.Move(Rdx, Rcx);
        for (int i = 0; i < Walks - 1; i++)
        {
            code.Add(Rdx, R9);
        }
    }

    /// <summary>The whole function.</summary>
    internal static byte[] End(X64Encoder code, GeneralRegister argument)
    {
        for (int i = 0; argument == Rcx && i < KeptVectors; i++)
        {
            code.LoadVector128(FirstKept + i, Rax, VbmiDotsBlock.KeptOffset + i * 16);
        }

        // What was given back has no upper halves that anyone wants.
        code.ZeroUpper();
        code.Return();
        return code.ToArray();
    }

    /// <summary>Vector <paramref name="at"/> holds codes; it and <paramref name="at"/> + 2 become pairs of bfloat16, and the vector between them is lost.</summary>
    internal static void Widen(X64Encoder code, int at)
    {
        code.MoveVector(at + 1, at);
        code.MoveVector(at + 2, at);
        code.LookUpBytes(at + 1, FirstTable, FirstTable + 1);
        code.LookUpBytes(at + 2, FirstTable + 2, FirstTable + 3);
        code.OrWithAnd(at + 1, at, Signs);
        code.InterleaveBytes(at, at + 2, at + 1, upper: false);
        code.InterleaveBytes(at + 2, at + 2, at + 1, upper: true);
    }

    static void MultiplyStep(X64Encoder code, int lines, Action<X64Encoder, X64Encoder.Place, int, int> multiplyLine)
    {
        for (int walk = 0; walk < Walks; walk++)
        {
            for (int line = 0; line < lines; line++)
            {
                code.Prefetch(Rows[walk] with { Offset = PrefetchBytes + line * LineBytes });
            }
        }

        for (int line = 0; line < lines; line++)
        {
            for (int walk = 0; walk < Walks; walk++)
            {
                multiplyLine(code, Rows[walk] with { Offset = line * LineBytes }, walk, line);
            }
        }
    }
}
