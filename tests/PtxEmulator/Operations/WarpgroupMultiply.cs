using System.Runtime.CompilerServices;

namespace PtxEmulator;

/// <summary>
/// <c>wgmma.mma_async</c>. Each of the four warps of a warpgroup computes its 16 of the 64 rows, so that a warp needs no
/// other to run it. It is made at once; <see cref="OpenProducts"/> sees to it that nobody uses its registers before the wait, copies of registers aside that compilers put
/// between two of these.
/// </summary>
sealed unsafe class WarpgroupMultiply : CollectiveOperation
{
    const int WarpsOfGroup = 4;

    static readonly UInt128 s_allWritten = new(0x0101010101010101, 0x0101010101010101);

    readonly WarpgroupShape _shape;
    readonly int[] _d;
    readonly Slot[] _a;
    readonly Slot _b;
    readonly Slot _scale;
    readonly uint _scaleFlip;

    /// <param name="shape">Sizes, types and options.</param>
    /// <param name="d">The accumulator, read and written.</param>
    /// <param name="a">Four registers, or one descriptor.</param>
    /// <param name="b">The descriptor.</param>
    /// <param name="scale">The predicate under which the accumulator is added; without it, it is overwritten.</param>
    /// <param name="scaleFlip">All ones where it is negated.</param>
    public WarpgroupMultiply(WarpgroupShape shape, int[] d, Slot[] a, Slot b, Slot scale, uint scaleFlip)
    {
        _shape = shape;
        _d = d;
        _a = a;
        _b = b;
        _scale = scale;
        _scaleFlip = scaleFlip;
        MultiplyAdds = (long)TensorCore.Rows * shape.Columns * shape.K;
    }

    [SkipLocalsInit]
    public override void Execute(Warp warp, uint mask)
    {
        WholeWarp.Demand(warp, mask);
        Warpgroups.Note(warp);
        warp.Products.Begin(_shape, ProductRegisters, ProductRows);
        bool check = warp.Block.Order?.HasUnseenWrites(warp.Index, asynchronous: true) == true;
        float* a = stackalloc float[TensorCore.Rows * _shape.K];
        float* b = stackalloc float[_shape.K * _shape.Columns];
        float* c = stackalloc float[TensorCore.Rows * _shape.Columns];
        if (_a.Length == 1)
        {
            LoadRows(warp, check, a);
        }
        else
        {
            MatrixMultiply.DecodeRows(_shape.AType, _a, warp.Frame, _shape.K, a);
        }

        LoadColumns(warp, check, b);
        Negate(a, TensorCore.Rows * _shape.K, _shape.NegatesA);
        Negate(b, _shape.K * _shape.Columns, _shape.NegatesB);
        LoadAccumulator(warp, mask, c);
        if (warp.Block.Launch.Options.ShortFp8Accumulator && MatrixElements.Bytes(_shape.AType) == 1)
        {
            TensorCore.MultiplyAddShort(a, b, c, _shape.K, _shape.Columns);
        }
        else
        {
            TensorCore.MultiplyAdd(a, b, c, _shape.K, _shape.Columns);
        }

        StoreAccumulator(warp, c);
    }

    void LoadRows(Warp warp, bool check, float* a)
    {
        MatrixDescriptor descriptor = Descriptor(warp, _a[0], "a");
        int firstRow = TensorCore.Rows * (warp.Index % WarpsOfGroup);
        int perPiece = 16 / MatrixElements.Bytes(_shape.AType);
        float* piece = stackalloc float[16];
        if (!_shape.TransposedA)
        {
            for (int row = 0; row < TensorCore.Rows; row++)
            {
                for (int i = 0; i < _shape.K / perPiece; i++)
                {
                    MatrixElements.Decode(_shape.AType, Piece(warp, descriptor.RowPiece(firstRow + row, i), check), perPiece, a + (row * _shape.K) + (i * perPiece));
                }
            }

            return;
        }

        for (int k = 0; k < _shape.K; k++)
        {
            for (int i = 0; i < TensorCore.Rows / perPiece; i++)
            {
                MatrixElements.Decode(_shape.AType, Piece(warp, descriptor.ColumnPiece((firstRow / perPiece) + i, k), check), perPiece, piece);
                for (int row = 0; row < perPiece; row++)
                {
                    a[(((i * perPiece) + row) * _shape.K) + k] = piece[row];
                }
            }
        }
    }

    void LoadColumns(Warp warp, bool check, float* b)
    {
        MatrixDescriptor descriptor = Descriptor(warp, _b, "b");
        int perPiece = 16 / MatrixElements.Bytes(_shape.BType);
        int columns = _shape.Columns;
        float* piece = stackalloc float[16];
        if (_shape.TransposedB)
        {
            for (int k = 0; k < _shape.K; k++)
            {
                for (int i = 0; i < columns / perPiece; i++)
                {
                    MatrixElements.Decode(_shape.BType, Piece(warp, descriptor.ColumnPiece(i, k), check), perPiece, b + (k * columns) + (i * perPiece));
                }
            }

            return;
        }

        for (int column = 0; column < columns; column++)
        {
            for (int i = 0; i < _shape.K / perPiece; i++)
            {
                MatrixElements.Decode(_shape.BType, Piece(warp, descriptor.RowPiece(column, i), check), perPiece, piece);
                for (int k = 0; k < perPiece; k++)
                {
                    b[(((i * perPiece) + k) * columns) + column] = piece[k];
                }
            }
        }
    }

    /// <summary>Sixteen bytes of shared memory, read through the asynchronous proxy.</summary>
    static byte* Piece(Warp warp, int address, bool check)
    {
        SharedMemory shared = warp.Block.Shared;
        if (!shared.Holds((ulong)address, 16))
        {
            throw warp.Fault(PtxError.OutOfBounds, uint.MaxValue, $"a matrix reaches shared 0x{address:x}: the block's are [0x{AddressWindows.SharedStart:x}, 0x{shared.End:x})");
        }

        if (*(UInt128*)(shared.Written + address) != s_allWritten && warp.Block.Launch.Options.DetectUninitialized && shared.Unwritten(address, 16) is { } unwritten)
        {
            throw warp.Fault(PtxError.Uninitialized, uint.MaxValue, $"a matrix holds shared 0x{unwritten:x} (byte {unwritten - AddressWindows.SharedStart}), which was never written");
        }

        if (warp.Block.Order?.BeginPiece(warp.Index, address, check) is { } conflict)
        {
            throw Races.Fault(warp, uint.MaxValue, conflict, "reads");
        }

        if (warp.Block.Lanes?.IsCopied(address) == true)
        {
            throw warp.Fault(PtxError.Race, uint.MaxValue, $"a matrix holds shared 0x{address:x}, to which a cp.async is on its way: cp.async.wait_group is missing between");
        }

        warp.Products.Read(address);

        return shared.Data + address;
    }

    static MatrixDescriptor Descriptor(Warp warp, Slot slot, string name)
    {
        ulong* lanes = slot.Longs(warp.Frame);
        if (new ReadOnlySpan<ulong>(lanes, Lanes.Count).ContainsAnyExcept(lanes[0]))
        {
            throw warp.Fault(PtxError.Misuse, uint.MaxValue, $"the descriptor of {name} differs between lanes");
        }

        MatrixDescriptor descriptor = MatrixDescriptor.Decode(lanes[0])
            ?? throw warp.Fault(PtxError.UnknownInstruction, uint.MaxValue, $"the descriptor of {name}, 0x{lanes[0]:x}, has a base offset, which is not known here");
        return descriptor.BeginsInFirstRow
            ? descriptor
            : throw warp.Fault(PtxError.Misuse, uint.MaxValue, $"the descriptor of {name} begins at shared 0x{descriptor.Start:x}, within a swizzle's pattern of eight rows, and has no base offset");
    }

    void LoadAccumulator(Warp warp, uint mask, float* c)
    {
        uint scale = *_scale.Words(warp.Frame) ^ _scaleFlip;
        if (scale == 0)
        {
            new Span<float>(c, TensorCore.Rows * _shape.Columns).Clear();
            return;
        }

        if (scale != uint.MaxValue)
        {
            throw warp.Fault(PtxError.Misuse, mask & ~scale, "scale-d differs between lanes");
        }

        for (int register = 0; register < _d.Length; register++)
        {
            float* from = (float*)(warp.Frame + _d[register]);
            float* to = c + First(register);
            for (int g = 0; g < 8; g++, from += 4, to += _shape.Columns)
            {
                to[0] = from[0];
                to[2] = from[1];
                to[4] = from[2];
                to[6] = from[3];
            }
        }
    }

    void StoreAccumulator(Warp warp, float* c)
    {
        for (int register = 0; register < _d.Length; register++)
        {
            float* to = (float*)(warp.Frame + _d[register]);
            float* from = c + First(register);
            for (int g = 0; g < 8; g++, to += 4, from += _shape.Columns)
            {
                to[0] = from[0];
                to[1] = from[2];
                to[2] = from[4];
                to[3] = from[6];
            }
        }
    }

    /// <summary>Lane 4g + t holds of every eight columns 2t and 2t + 1, of row g and then of row g + 8: here the element of lane 0.</summary>
    int First(int register) => (register % 4 / 2 * 8 * _shape.Columns) + (register / 4 * 8) + (register & 1);

    static void Negate(float* elements, int count, bool negates)
    {
        for (int i = 0; negates && i < count; i++)
        {
            elements[i] = -elements[i];
        }
    }
}

/// <summary>The options of a <c>wgmma.mma_async</c>; transposed means that M or N is contiguous in memory, and not K.</summary>
readonly record struct WarpgroupShape(PtxType AType, PtxType BType, int K, int Columns, bool NegatesA, bool NegatesB, bool TransposedA, bool TransposedB);
