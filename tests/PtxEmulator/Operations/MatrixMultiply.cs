using System.Runtime.CompilerServices;

namespace PtxEmulator;

/// <summary>
/// <c>mma.sync.m16n8k*</c>. Lane 4g + t of register r of A holds row g, or g + 8 for odd r, at columns from t times the
/// elements of a register on, in the r/2-th piece of k; so a register's 32 lanes are 8 rows, one after the other. Those of
/// B are the same of its transpose. C holds row g (g + 8 in the second half) at columns 2t and 2t + 1.
/// </summary>
sealed unsafe class MatrixMultiply : CollectiveOperation
{
    const int Columns = 8;

    readonly PtxType _aType;
    readonly PtxType _bType;
    readonly int _k;
    readonly Slot[] _a;
    readonly Slot[] _b;
    readonly Slot[] _c;
    readonly int[] _d;
    readonly bool _isHalf;

    public MatrixMultiply(PtxType aType, PtxType bType, int k, Slot[] a, Slot[] b, Slot[] c, int[] d, bool isHalf)
    {
        _aType = aType;
        _bType = bType;
        _k = k;
        _a = a;
        _b = b;
        _c = c;
        _d = d;
        _isHalf = isHalf;
        MultiplyAdds = TensorCore.Rows * Columns * k;
    }

    [SkipLocalsInit]
    public override void Execute(Warp warp, uint mask)
    {
        WholeWarp.Demand(warp, mask);
        byte* frame = warp.Frame;
        float* a = stackalloc float[TensorCore.Rows * 32];
        float* b = stackalloc float[Columns * 32];
        float* c = stackalloc float[TensorCore.Rows * Columns];
        DecodeRows(_aType, _a, frame, _k, a);
        DecodeColumns(frame, b);
        LoadAccumulator(frame, c);
        if (warp.Block.Launch.Options.ShortFp8Accumulator && MatrixElements.Bytes(_aType) == 1)
        {
            TensorCore.MultiplyAddShort(a, b, c, _k, Columns);
        }
        else
        {
            TensorCore.MultiplyAdd(a, b, c, _k, Columns);
        }

        StoreAccumulator(frame, c);
    }

    /// <summary>The 16 rows of A from its registers.</summary>
    [SkipLocalsInit]
    public static void DecodeRows(PtxType type, Slot[] registers, byte* frame, int k, float* rows)
    {
        int width = 16 / MatrixElements.Bytes(type);
        float* piece = stackalloc float[8 * 16];
        for (int r = 0; r < registers.Length; r++)
        {
            MatrixElements.Decode(type, registers[r].In(frame), 8 * width, piece);
            for (int row = 0; row < 8; row++)
            {
                float* to = rows + (((row + (8 * (r & 1))) * k) + (r / 2 * width));
                Unsafe.CopyBlockUnaligned(to, piece + (row * width), (uint)(width * sizeof(float)));
            }
        }
    }

    void DecodeColumns(byte* frame, float* b)
    {
        int width = 16 / MatrixElements.Bytes(_bType);
        float* piece = stackalloc float[8 * 16];
        for (int r = 0; r < _b.Length; r++)
        {
            MatrixElements.Decode(_bType, _b[r].In(frame), 8 * width, piece);
            for (int column = 0; column < Columns; column++)
            {
                for (int i = 0; i < width; i++)
                {
                    b[(((r * width) + i) * Columns) + column] = piece[(column * width) + i];
                }
            }
        }
    }

    void LoadAccumulator(byte* frame, float* c)
    {
        for (int register = 0; register < _c.Length; register++)
        {
            float* to = c + First(register);
            if (_isHalf)
            {
                uint* pairs = _c[register].Words(frame);
                for (int lane = 0; lane < Lanes.Count; lane++)
                {
                    to[2 * lane] = (float)FloatBits.FromF16(pairs[lane]);
                    to[(2 * lane) + 1] = (float)FloatBits.FromF16(pairs[lane] >> 16);
                }

                continue;
            }

            float* from = (float*)_c[register].In(frame);
            for (int lane = 0; lane < Lanes.Count; lane++)
            {
                to[2 * lane] = from[lane];
            }
        }
    }

    void StoreAccumulator(byte* frame, float* c)
    {
        for (int register = 0; register < _d.Length; register++)
        {
            float* from = c + First(register);
            if (_isHalf)
            {
                uint* pairs = (uint*)(frame + _d[register]);
                for (int lane = 0; lane < Lanes.Count; lane++)
                {
                    pairs[lane] = Narrowing.ToF16(BitConverter.SingleToUInt32Bits(from[2 * lane])) | (Narrowing.ToF16(BitConverter.SingleToUInt32Bits(from[(2 * lane) + 1])) << 16);
                }

                continue;
            }

            float* to = (float*)(frame + _d[register]);
            for (int lane = 0; lane < Lanes.Count; lane++)
            {
                to[lane] = from[2 * lane];
            }
        }
    }

    /// <summary>Where lane 0 of a register of C is; the next lanes follow two columns on, since a row has four times two.</summary>
    int First(int register) => _isHalf ? register * 8 * Columns : (register / 2 * 8 * Columns) + (register & 1);
}

/// <summary><c>mma.sync</c> of 8-bit integers, which wraps or, with <c>.satfinite</c>, saturates.</summary>
sealed unsafe class IntegerMatrixMultiply : CollectiveOperation
{
    readonly bool _aSigned;
    readonly bool _bSigned;
    readonly bool _saturates;
    readonly int _k;
    readonly Slot[] _a;
    readonly Slot[] _b;
    readonly Slot[] _c;
    readonly int[] _d;

    public IntegerMatrixMultiply(bool aSigned, bool bSigned, bool saturates, int k, Slot[] a, Slot[] b, Slot[] c, int[] d)
    {
        _aSigned = aSigned;
        _bSigned = bSigned;
        _saturates = saturates;
        _k = k;
        _a = a;
        _b = b;
        _c = c;
        _d = d;
        MultiplyAdds = TensorCore.Rows * 8 * k;
    }

    public override void Execute(Warp warp, uint mask)
    {
        WholeWarp.Demand(warp, mask);
        byte* frame = warp.Frame;
        int* sums = stackalloc int[4 * Lanes.Count];
        for (int i = 0; i < 4 * Lanes.Count; i++)
        {
            (int part, int lane) = (i / Lanes.Count, i % Lanes.Count);
            int row = (lane / 4) + (8 * (part / 2));
            int column = (lane % 4 * 2) + (part & 1);
            long sum = (int)_c[part].Words(frame)[lane];
            for (int k = 0; k < _k; k++)
            {
                byte x = _a[(row / 8) + (k / 16 * 2)].In(frame)[(row % 8 * 16) + (k % 16)];
                byte y = _b[k / 16].In(frame)[(column * 16) + (k % 16)];
                sum += (_aSigned ? (sbyte)x : x) * (_bSigned ? (sbyte)y : y);
            }

            sums[i] = _saturates ? (int)Math.Clamp(sum, int.MinValue, int.MaxValue) : (int)sum;
        }

        for (int part = 0; part < 4; part++)
        {
            new ReadOnlySpan<int>(sums + (part * Lanes.Count), Lanes.Count).CopyTo(new Span<int>(frame + _d[part], Lanes.Count));
        }
    }
}

static class WholeWarp
{
    /// <summary>Refuses a warp some of whose lanes have no thread or have exited.</summary>
    public static void Demand(Warp warp, uint mask)
    {
        if (mask != uint.MaxValue)
        {
            throw warp.Fault(PtxError.Divergence, mask, $"all 32 lanes have to execute it, and only 0x{mask:x8} do");
        }
    }
}
