namespace PtxEmulator;

/// <summary>
/// The products (<c>wgmma.mma_async</c>) that a warp has asked for, in groups, up to the last that it has waited for. Until then their registers are
/// nobody's and what they read in shared memory stays as it is (PTX ISA, "wgmma.wait_group"); and what other instructions did with registers comes before
/// a product by <c>wgmma.fence</c> alone (PTX ISA, "wgmma.fence"), but for sums that products of one shape add to one after the other.
/// </summary>
sealed class OpenProducts(Warp warp)
{
    readonly State[] _registers = new State[warp.Block.Launch.Kernel.ProductRegisters.Count];
    readonly List<Piece> _pieces = [];
    long _time;
    long _fencedUpTo;

    // Groups are counted from 1: the one that is open, and the last that was waited for.
    long _group;
    long _ended;
    bool _fenced;

    public void Clear()
    {
        Array.Clear(_registers);
        _pieces.Clear();
        (_time, _fencedUpTo, _group, _ended, _fenced) = (0, 0, 1, 0, false);
    }

    /// <summary>An instruction other than a product reads or writes registers.</summary>
    public void Touch(ReadOnlySpan<int> registers)
    {
        foreach (int register in registers)
        {
            ref State state = ref _registers[register];
            if (state.Group > _ended)
            {
                throw warp.Fault(PtxError.Misuse, warp.Live, $"{Name(register)} is a product's, of line {warp.LineOf(state.Product)}, until wgmma.wait_group");
            }

            state.TouchedAt = ++_time;
            state.Toucher = warp.Pc;
        }
    }

    /// <summary>A copy from register to register, as compilers put them around products: assemblers make one register of both.</summary>
    public void Rename(int to, int from)
    {
        State state = _registers[from];
        if (_registers[to].Group > _ended)
        {
            Touch([to]);
        }

        _registers[to] = state;
    }

    public void Fence()
    {
        _fenced = true;
        _fencedUpTo = _time;
    }

    /// <summary>A product is asked for.</summary>
    public void Begin(WarpgroupShape shape, ReadOnlySpan<int> sums, ReadOnlySpan<int> rows)
    {
        if (!_fenced)
        {
            throw warp.Fault(PtxError.Misuse, warp.Live, "wgmma.fence is missing before the first wgmma.mma_async");
        }

        foreach (int register in sums)
        {
            Take(register, shape);
        }

        foreach (int register in rows)
        {
            Take(register, null);
        }
    }

    /// <summary>The product reads sixteen bytes of shared memory.</summary>
    public void Read(int address)
    {
        if (warp.Block.Order is { } order)
        {
            _pieces.Add(new Piece(_group, address, warp.Pc, order.WritesAt(address)));
        }
    }

    public void Commit() => _group++;

    /// <summary>Waits until at most so many groups, the latest, are under way.</summary>
    public void Wait(int groups)
    {
        _ended = Math.Max(_ended, _group - 1 - groups);
        if (warp.Block.Order is not { } order)
        {
            return;
        }

        foreach (Piece piece in _pieces.TakeWhile(piece => piece.Group <= _ended))
        {
            if (order.WritesAt(piece.Address) != piece.Writes)
            {
                throw warp.Fault(PtxError.Race, warp.Live, $"shared 0x{piece.Address:x} was written to while the product of line {warp.LineOf(piece.Product)} read it: wgmma.wait_group comes too late");
            }

            order.EndPiece(warp.Index, piece.Address);
        }

        _pieces.RemoveRange(0, _pieces.FindLastIndex(piece => piece.Group <= _ended) + 1);
    }

    void Take(int register, WarpgroupShape? shape)
    {
        ref State state = ref _registers[register];
        bool isOpen = state.Group > _ended;
        if (isOpen && state.Shape != shape)
        {
            throw warp.Fault(PtxError.Misuse, warp.Live, $"{Name(register)} is used in another way by the product of line {warp.LineOf(state.Product)}, which was not waited for (wgmma.wait_group)");
        }

        if (!isOpen && state.TouchedAt > _fencedUpTo)
        {
            throw warp.Fault(PtxError.Misuse, warp.Live, $"{Name(register)} was read or written at line {warp.LineOf(state.Toucher)}: wgmma.fence is missing between");
        }

        state.Group = _group;
        state.Shape = shape;
        state.Product = warp.Pc;
    }

    string Name(int register) => warp.Block.Launch.Kernel.ProductRegisters[register];

    /// <param name="Group">That it is read in.</param>
    /// <param name="Address">In shared memory.</param>
    /// <param name="Product">The instruction.</param>
    /// <param name="Writes">Who wrote there last when the product began.</param>
    readonly record struct Piece(long Group, int Address, int Product, (ulong, ulong, ulong, ulong) Writes);

    struct State
    {
        // The last group whose products have it, 0: none; as sums of this shape, null: as rows.
        public long Group;
        public WarpgroupShape? Shape;
        public int Product;
        public long TouchedAt;
        public int Toucher;
    }
}

/// <summary>
/// What the four warps of a warpgroup have to execute together, in the same order (PTX ISA, "wgmma" and "setmaxnreg"): each keeps a number of what it
/// executed, and at the block's end they are alike.
/// </summary>
static class Warpgroups
{
    const int Warps = 4;

    public static void Note(Warp warp) => warp.WarpgroupTrace = (warp.WarpgroupTrace * 0x9E3779B97F4A7C15) + (ulong)warp.Pc + 1;

    public static void Check(Block block)
    {
        for (int first = 0; first < block.Warps.Count; first += Warps)
        {
            Warp[] group = [.. block.Warps.Skip(first).Take(Warps)];
            if (group.Any(warp => warp.WarpgroupTrace != group[0].WarpgroupTrace) || (group.Length < Warps && group[0].WarpgroupTrace != 0))
            {
                string kernel = block.Launch.Kernel.Name;
                throw new PtxException(PtxError.Divergence, 0, kernel, block.Index, null, $"warps {first} to {first + group.Length - 1} of a warpgroup have not executed the same wgmma and setmaxnreg");
            }
        }
    }
}
