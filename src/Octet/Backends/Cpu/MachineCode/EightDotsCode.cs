using static Octet.Backends.Cpu.MachineCode.GeneralRegister;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>
/// One token times rows from eight places, with AVX-512 VBMI: operation for operation the loop of <c>VectorKernels.FourDots</c>, but for the last
/// additions of a row.
/// </summary>
/// <remarks>
/// Eight, because a processor reads ahead a little of each walk: on a Zen 5, where two threads read 60 to 70 GB/s, loops over four walks get 30, over eight 50
/// to 60, over sixteen 36. Tensors of a file begin anywhere, and loads across two lines of the cache took a third of that again: lines are loaded whole, and
/// what belongs together is picked from two.
/// </remarks>
static class EightDotsCode
{
    internal const int Walks = 8;

    /// <summary>6 to 15, which a function on Windows gives back as they were.</summary>
    internal const int KeptVectors = 10;

    /// <summary>Bytes of the look-up's tables: both halves of the upper bytes, both of the lower ones.</summary>
    internal const int TableBytes = 4 * VectorBytes;

    /// <summary>Bytes of what <see cref="WriteOrders"/> writes: an order for each place in a line.</summary>
    internal const int OrdersBytes = LineBytes * VectorBytes;

    const int FirstKept = 6;
    const int VectorBytes = 64;
    const int LineBytes = 64;

    // Four lines: what a walk needs next comes while the processor's own reading ahead sets in; with more two threads are slower.
    const int PrefetchBytes = 256;

    // Vectors 16 to 23 are the sums of even parts, 24 to 31 those of odd ones; 0 to 2 are at hand.
    const int Sums = 16;
    const int FirstTable = 6;
    const int Order = 10;
    const int Signs = 11;
    const int Mask = 12;

    // RCX, RDX and R8 are the first walk, the fourth and the seventh, R9 what walks are apart.
    static ReadOnlySpan<X64Encoder.Place> Rows => new X64Encoder.Place[]
    {
        new(Rcx), new(Rcx, 0, R9), new(Rcx, 0, R9, 2), new(Rdx), new(Rcx, 0, R9, 4), new(Rdx, 0, R9, 2), new(R8), new(Rdx, 0, R9, 4),
    };

    /// <summary>Codes of E4M3, as <see cref="VbmiE4M3Weights"/> looks them up.</summary>
    internal static byte[] E4M3(GeneralRegister argument, bool aligned) => Generate(argument, 4 * VectorBytes, lines: 1, (code, row, walk) =>
    {
        LoadLine(code, row, aligned);
        code.MoveVector(1, 0);
        code.MoveVector(2, 0);
        code.LookUpBytes(1, FirstTable, FirstTable + 1);
        code.LookUpBytes(2, FirstTable + 2, FirstTable + 3);
        code.OrWithAnd(1, 0, Signs);
        code.InterleaveBytes(0, 2, 1, upper: false);
        code.InterleaveBytes(2, 2, 1, upper: true);
        MultiplyPair(code, walk, 0, 0);
        MultiplyPair(code, walk, 2, 2 * VectorBytes);
    });

    /// <summary>Bfloat16: the first of a pair moves to the upper half of a lane, the second is there.</summary>
    internal static byte[] BFloat16(GeneralRegister argument, bool aligned) => Generate(argument, 4 * VectorBytes, lines: 2, (code, row, walk) =>
    {
        for (int line = 0; line < 2; line++)
        {
            LoadLine(code, row with { Offset = line * LineBytes }, aligned, inOrder: true);
            MultiplyPair(code, walk, 0, line * 2 * VectorBytes);
        }
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
    static void LoadLine(X64Encoder code, X64Encoder.Place row, bool aligned, bool inOrder = false)
    {
        if (aligned && !inOrder)
        {
            code.PickBytes(0, Order, row);
            return;
        }

        code.LoadVector(0, row);
        if (!aligned)
        {
            code.PickBytesOfBoth(0, Order, row with { Offset = row.Offset + LineBytes });
        }
    }

    // The pairs of bfloat16 in a vector, with the inputs of the first of each and then of the second.
    static void MultiplyPair(X64Encoder code, int walk, int pairs, int inputs)
    {
        code.ShiftLeft(1, pairs, 16);
        code.And(pairs, pairs, Mask);
        code.MultiplyAdd(Sums + walk, 1, R10, inputs);
        code.MultiplyAdd(Sums + Walks + walk, pairs, R10, inputs + VectorBytes);
    }

    static byte[] Generate(GeneralRegister argument, int inputBytes, int lines, Action<X64Encoder, X64Encoder.Place, int> multiplyLines)
    {
        // Rax: the block; R10: inputs; R11: counts, and the sums between rows.
        var code = new X64Encoder();
        code.Move(Rax, argument);
        for (int i = 0; argument == Rcx && i < KeptVectors; i++)
        {
            code.StoreVector128(Rax, EightDotsBlock.KeptOffset + i * 16, FirstKept + i);
        }

        code.Load(R10, Rax, EightDotsBlock.TablesOffset);
        for (int table = 0; lines == 1 && table < TableBytes / VectorBytes; table++)
        {
            code.LoadVector(FirstTable + table, R10, table * VectorBytes);
        }

        code.Load(R10, Rax, EightDotsBlock.OrderOffset);
        code.LoadVector(Order, R10);
        code.LoadLanes(Signs, Rax, EightDotsBlock.SignsOffset);
        code.LoadLanes(Mask, Rax, EightDotsBlock.MaskOffset);
        code.Load(Rcx, Rax, 0);
        code.Load(R9, Rax, EightDotsBlock.ApartOffset);
        code.Move(Rdx, Rcx);
        for (int i = 0; i < 3; i++)
        {
            code.Add(Rdx, R9);
        }

        code.Move(R8, Rdx);
        for (int i = 0; i < 3; i++)
        {
            code.Add(R8, R9);
        }

        code.Load(R10, Rax, EightDotsBlock.InputsOffset);
        int row = code.Position;
        for (int sum = 0; sum < 2 * Walks; sum++)
        {
            code.ZeroVector(Sums + sum);
        }

        code.Load(R11, Rax, EightDotsBlock.StepsOffset);
        int step = code.Position;
        for (int walk = 0; walk < Walks; walk++)
        {
            for (int line = 0; line < lines; line++)
            {
                code.Prefetch(Rows[walk] with { Offset = PrefetchBytes + line * LineBytes });
            }

            multiplyLines(code, Rows[walk], walk);
        }

        foreach (GeneralRegister at in (ReadOnlySpan<GeneralRegister>)[Rcx, Rdx, R8])
        {
            code.Add(at, lines * LineBytes);
        }

        code.Add(R10, inputBytes);
        code.Decrement(R11);
        code.JumpIfNotZero(step);
        code.Load(R11, Rax, EightDotsBlock.SumsOffset);
        for (int walk = 0; walk < Walks; walk++)
        {
            code.Add(Sums + walk, Sums + walk, Sums + Walks + walk);
            code.StoreVector(R11, walk * EightDotsBlock.WalkBytes, Sums + walk);
        }

        code.Add(R11, VectorBytes);
        code.Store(Rax, EightDotsBlock.SumsOffset, R11);
        code.Load(R11, Rax, EightDotsBlock.InputMoveOffset);
        code.Add(R10, R11);
        code.Load(R11, Rax, EightDotsBlock.RowsOffset);
        code.Decrement(R11);
        code.Store(Rax, EightDotsBlock.RowsOffset, R11);
        code.JumpIfNotZero(row);
        for (int i = 0; argument == Rcx && i < KeptVectors; i++)
        {
            code.LoadVector128(FirstKept + i, Rax, EightDotsBlock.KeptOffset + i * 16);
        }

        // What was given back has no upper halves that anyone wants.
        code.ZeroUpper();
        code.Return();
        return code.ToArray();
    }
}
