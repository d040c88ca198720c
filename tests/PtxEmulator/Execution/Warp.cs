using System.Numerics;

namespace PtxEmulator;

/// <summary>
/// Thirty-two lanes. They run together while they are at the same instruction and part into fragments where a branch
/// divides them. The fragment that is furthest behind runs first, which brings lanes together again where paths meet; at
/// an instruction of several lanes (<c>.sync</c>) a fragment waits until all of those have come.
/// </summary>
sealed unsafe class Warp
{
    const int InstructionsPerTurn = 20_000;

    readonly Operation[] _code;
    readonly long[] _counts;
    readonly Fragment[] _fragments = new Fragment[32];
    readonly byte[] _memory;
    int _count;
    int _current;
    long _budget;

    // Of the time since the lanes came together: who reached memory, and the clock of what was before.
    uint _accessed;
    long _metAt;
    ulong _clock;

    public Warp(Block block, int index)
    {
        Block = block;
        Index = index;
        PtxKernel kernel = block.Launch.Kernel;
        _code = block.Launch.Code;
        _counts = block.Counters.Instructions;
        LocalStride = (kernel.LocalBytes + 15) & ~15;
        int frame = (kernel.FrameBytes + 63) & ~63;
        _memory = GC.AllocateUninitializedArray<byte>(frame + (32 * LocalStride) + 64, pinned: true);
        Frame = (byte*)(((nint)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(_memory, 0) + 63) & ~63);
        Local = Frame + frame;
        Copies = new AsyncCopies(this);
        Products = new OpenProducts(this);
        foreach (SpecialRegister register in kernel.SpecialRegisters)
        {
            register.Fill(this);
        }
    }

    public Block Block { get; }

    public int Index { get; }

    /// <summary>The registers.</summary>
    public byte* Frame { get; }

    /// <summary>Local memory: each lane's <see cref="LocalStride"/> bytes after the other's.</summary>
    public byte* Local { get; }

    public int LocalStride { get; }

    /// <summary>The lanes that have a thread which has not exited.</summary>
    public uint Live { get; private set; }

    /// <summary>The index of the instruction that is executed.</summary>
    public int Pc { get; private set; }

    public AsyncCopies Copies { get; }

    /// <summary>A time that goes on whenever it is read.</summary>
    public ulong Clock => _clock += 16;

    /// <summary>The condition code of each lane, for sums of several words.</summary>
    public uint Carry { get; set; }

    public bool IsBlocked { get; private set; }

    /// <summary>The lanes that know that all launches before this one have ended.</summary>
    public uint AwaitedLaunches { get; set; }

    /// <summary>Those of them that made visible to the asynchronous proxy what those launches wrote.</summary>
    public uint FencedLaunches { get; set; }

    /// <summary>Words that its store in progress writes to and another block wrote to, and what they held.</summary>
    public List<(Allocation Allocation, int Word, uint Before)> Rewrites { get; } = [];

    /// <summary>The products of the warpgroup, <c>wgmma</c>.</summary>
    public OpenProducts Products { get; }

    /// <summary>A number of what it executed with its warpgroup together (<see cref="Warpgroups"/>); 0: nothing.</summary>
    public ulong WarpgroupTrace { get; set; }

    /// <summary>The number of the time since its lanes came together last; no other warp of the block has it.</summary>
    public ulong Epoch { get; private set; }

    public void Begin()
    {
        long threads = Block.Launch.Block.Count - (32L * Index);
        Live = threads >= 32 ? uint.MaxValue : (1u << (int)threads) - 1;
        _count = 1;
        _fragments[0] = new Fragment { Mask = Live, Pc = Block.Launch.Kernel.Entry };
        _budget = Block.Launch.Options.InstructionBudget;
        IsBlocked = false;
        AwaitedLaunches = Block.Launch.BesideFrom is null ? uint.MaxValue : 0;
        FencedLaunches = AwaitedLaunches;
        WarpgroupTrace = 0;
        Products.Clear();
        Rewrites.Clear();
        Meet();
        Copies.Clear();
        foreach (SpecialRegister register in Block.Launch.Kernel.SpecialRegisters)
        {
            if (register.DependsOnBlock)
            {
                register.Fill(this);
            }
        }

        foreach (int mask in Block.Launch.Kernel.TrackedMasks)
        {
            *(uint*)(Frame + mask) = 0;
        }
    }

    /// <summary>Runs until all lanes have exited or wait, or for a share of instructions.</summary>
    public Turn Run()
    {
        int share = InstructionsPerTurn;
        while (true)
        {
            if (Select() is { } turn)
            {
                return turn;
            }

            if (!RunFragment(ref share))
            {
                return Turn.Interrupted;
            }
        }
    }

    /// <summary>Lets the lanes that wait at a barrier go on behind it.</summary>
    public void LeaveBarrier()
    {
        for (int i = 0; i < _count; i++)
        {
            if (_fragments[i].State == FragmentState.AtBarrier)
            {
                _fragments[i].State = FragmentState.Ready;
                _fragments[i].Pc++;
            }
        }

        IsBlocked = false;
        Meet();
    }

    /// <summary>Its lanes have come together: what they did before is seen by all of them.</summary>
    public void Meet()
    {
        Epoch = ++Block.Epochs;
        _accessed = 0;
        _metAt = Block.Order?.Advance(Index) ?? 0;
        AwaitedLaunches = AwaitedLaunches == 0 ? 0 : uint.MaxValue;
        FencedLaunches = FencedLaunches == 0 ? 0 : uint.MaxValue;
    }

    /// <summary>Lanes reach memory.</summary>
    public void NoteAccess(uint lanes) => _accessed |= lanes;

    /// <summary>
    /// The clock up to which what some lanes tell others covers what their warp did: all of it where no other lane reached memory since the lanes
    /// came together, and what was before that otherwise.
    /// </summary>
    public long ReleasedUpTo(uint lanes) => (_accessed & ~lanes) == 0 ? long.MaxValue : _metAt;

    /// <summary>The lanes end.</summary>
    public Flow Exit(ref Fragment fragment, uint lanes)
    {
        Live &= ~lanes;
        fragment.Mask &= ~lanes;
        fragment.Pc++;
        if (fragment.Mask == 0)
        {
            RemoveCurrent();
        }

        // The lanes may have been the last that a waiting fragment lacked: it looks again.
        for (int i = 0; i < _count; i++)
        {
            _fragments[i].State = _fragments[i].State == FragmentState.Waiting ? FragmentState.Ready : _fragments[i].State;
        }

        return Flow.Select;
    }

    /// <summary>These lanes go elsewhere than the rest of their fragment, which the caller has to place.</summary>
    public void Part(ref Fragment fragment, uint lanes, int pc)
    {
        fragment.Mask &= ~lanes;
        _fragments[_count++] = new Fragment { Mask = lanes, Pc = pc };
    }

    /// <summary>The current fragment waits in the given state.</summary>
    public static Flow Wait(ref Fragment fragment, FragmentState state)
    {
        fragment.State = state;
        return Flow.Select;
    }

    public PtxException Fault(PtxError error, uint lanes, string what)
    {
        int lane = BitOperations.TrailingZeroCount(lanes);
        Dim3? thread = lanes == 0 ? null : Block.Launch.Block.At((32L * Index) + lane);
        return new PtxException(error, _code[Pc].Line, Block.Launch.Kernel.Name, Block.Index, thread, $"{_code[Pc].Name}: {what}");
    }

    public int LineOf(int instruction) => _code[instruction].Line;

    /// <summary>Where the lanes are, for errors.</summary>
    public string Describe()
    {
        var places = new List<string>();
        for (int i = 0; i < _count; i++)
        {
            Operation operation = _code[_fragments[i].Pc];
            string lanes = _fragments[i].Mask == uint.MaxValue ? "" : $" lanes 0x{_fragments[i].Mask:x8}";
            places.Add($"warp {Index}{lanes} at line {operation.Line} ({operation.Name})");
        }

        return string.Join(", ", places);
    }

    bool RunFragment(ref int share)
    {
        ref Fragment fragment = ref _fragments[_current];
        Operation[] code = _code;
        byte* frame = Frame;
        int pc = fragment.Pc;
        uint active = fragment.Mask;
        while (true)
        {
            Operation operation = code[pc];
            _counts[pc]++;
            Pc = pc;
            if (--share < 0)
            {
                _budget -= InstructionsPerTurn;
                fragment.Pc = pc;
                _counts[pc]--;
                return _budget > 0 ? false : throw Fault(PtxError.Budget, active, $"{Block.Launch.Options.InstructionBudget} instructions of one warp: a loop without end, or a budget too small");
            }

            uint mask = operation.Guard < 0 ? active : active & (*(uint*)(frame + operation.Guard) ^ operation.GuardFlip);
            if (operation.IsTracked)
            {
                operation.CheckWritten(this, active, mask);
            }

            if (!operation.IsControl)
            {
                if (mask != 0)
                {
                    operation.Execute(this, mask);
                }

                pc++;
            }
            else
            {
                fragment.Pc = pc;
                if (operation.Control(this, ref fragment, mask) == Flow.Select)
                {
                    return true;
                }

                pc = fragment.Pc;
                active = fragment.Mask;
            }

            if (_count > 1 && Crosses(pc))
            {
                fragment.Pc = pc;
                return true;
            }
        }
    }

    /// <summary>Whether another fragment is at this place or, ready, behind it.</summary>
    bool Crosses(int pc)
    {
        for (int i = 0; i < _count; i++)
        {
            if (i != _current && (_fragments[i].Pc == pc || (_fragments[i].Pc < pc && _fragments[i].State == FragmentState.Ready)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Joins fragments that have met and chooses the ready one that is furthest behind; where there is none, says why.</summary>
    Turn? Select()
    {
        JoinFragments();
        int best = -1;
        bool yielded = false;
        bool waiting = false;
        for (int i = 0; i < _count; i++)
        {
            FragmentState state = _fragments[i].State;
            if (state == FragmentState.Ready && (best < 0 || _fragments[i].Pc < _fragments[best].Pc))
            {
                best = i;
            }

            yielded |= state == FragmentState.Yielded;
            waiting |= state == FragmentState.Waiting;
        }

        if (best >= 0)
        {
            _current = best;
            return null;
        }

        if (yielded)
        {
            for (int i = 0; i < _count; i++)
            {
                _fragments[i].State = _fragments[i].State == FragmentState.Yielded ? FragmentState.Ready : _fragments[i].State;
            }

            return Turn.Polled;
        }

        if (waiting)
        {
            Fragment stuck = _fragments.AsSpan(0, _count).ToArray().First(fragment => fragment.State == FragmentState.Waiting);
            Pc = stuck.Pc;
            throw Fault(PtxError.Divergence, stuck.Mask, $"lanes 0x{stuck.Mask:x8} wait for others of their warp that do not come: {Describe()}");
        }

        IsBlocked = _count > 0;
        return _count > 0 ? Turn.Blocked : Turn.Exited;
    }

    void JoinFragments()
    {
        for (int i = 0; i < _count; i++)
        {
            for (int j = _count - 1; j > i; j--)
            {
                if (_fragments[i].Pc == _fragments[j].Pc && _fragments[i].State != FragmentState.AtBarrier && _fragments[j].State != FragmentState.AtBarrier)
                {
                    _fragments[i].Mask |= _fragments[j].Mask;
                    _fragments[i].State = _fragments[i].State == FragmentState.Yielded && _fragments[j].State == FragmentState.Yielded ? FragmentState.Yielded : FragmentState.Ready;
                    _fragments[j] = _fragments[--_count];
                }
            }
        }
    }

    void RemoveCurrent() => _fragments[_current] = _fragments[--_count];
}
