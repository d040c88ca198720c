using System.Numerics;

namespace PtxEmulator;

/// <summary>
/// The <c>mbarrier</c> objects of a block. A phase ends when all expected arrivals have come and all announced bytes have
/// been copied; then the next begins. The object's 8 bytes in shared memory hold nothing that a program may read.
/// </summary>
sealed class PhaseBarriers(Block block)
{
    const int MaxCount = (1 << 20) - 1;
    const int Bytes = 8;

    readonly SortedDictionary<int, PhaseBarrier> _barriers = [];

    public void Clear() => _barriers.Clear();

    public void Initialize(Warp warp, uint lane, int address, uint count)
    {
        if (count is 0 or > MaxCount)
        {
            throw warp.Fault(PtxError.Misuse, lane, $"an mbarrier expects 1 to {MaxCount} arrivals, not {count}");
        }

        int clocks = block.Order?.ClockLength ?? 0;
        _barriers[address] = new PhaseBarrier { Expected = (int)count, Pending = (int)count, Arriving = new long[clocks], Completed = new long[clocks], Beginner = warp.Index };
        if (block.Order?.Write(warp.Index, address, Bytes, warp.Pc) is { } conflict)
        {
            throw Races.Fault(warp, lane, conflict, "begins an mbarrier at");
        }

        block.Shared.MarkWritten(address, Bytes);
        block.Happened();
    }

    public void Invalidate(Warp warp, uint lane, int address)
    {
        Find(warp, lane, address);
        _barriers.Remove(address);
    }

    /// <summary>What a warp has begun is seen by the asynchronous proxy.</summary>
    public void Publish(int warp)
    {
        foreach (PhaseBarrier barrier in _barriers.Values)
        {
            barrier.IsPublished |= barrier.Beginner == warp;
        }
    }

    /// <summary>Threads arrive.</summary>
    /// <param name="warp">Their warp.</param>
    /// <param name="lane">Who arrives.</param>
    /// <param name="lanes">All that execute the instruction, one of which it is.</param>
    /// <param name="address">Of the object.</param>
    /// <param name="count">Arrivals.</param>
    /// <param name="expectBytes">That the phase has to see besides.</param>
    /// <param name="drop">Whether later phases do without.</param>
    /// <returns>The state of the phase they arrived in.</returns>
    public ulong Arrive(Warp warp, uint lane, uint lanes, int address, uint count, uint expectBytes, bool drop)
    {
        PhaseBarrier barrier = Find(warp, lane, address);
        Expect(warp, lane, address, barrier, expectBytes);
        if (count > (uint)barrier.Pending)
        {
            throw warp.Fault(PtxError.Misuse, lane, $"{count} arrivals at the mbarrier at 0x{address:x}, which lacks {barrier.Pending} of {barrier.Expected} in this phase");
        }

        ulong state = barrier.State;
        block.Order?.Release(warp.Index, barrier.Arriving, warp.ReleasedUpTo(lanes));
        barrier.Expected -= drop ? (int)count : 0;
        barrier.Pending -= (int)count;
        EndPhase(barrier);
        return state;
    }

    /// <summary>More bytes are expected in this phase.</summary>
    public void ExpectBytes(Warp warp, uint lane, int address, uint bytes) => Expect(warp, lane, address, Find(warp, lane, address), bytes);

    /// <summary>One more arrival is expected in this phase, for <c>cp.async.mbarrier.arrive</c>.</summary>
    public void ExpectArrival(Warp warp, uint lane, int address) => Find(warp, lane, address).Pending++;

    /// <summary>Bytes were copied; by the engine of bulk copies unless a warp says so itself.</summary>
    public void CompleteBytes(Warp warp, uint lane, int address, int bytes, bool byEngine)
    {
        PhaseBarrier barrier = Find(warp, lane, address);

        // "Async proxy": mbarrier.init is an ordinary write, the engine's is not.
        if (byEngine && !barrier.IsPublished)
        {
            throw warp.Fault(PtxError.Misuse, lane, $"the mbarrier at 0x{address:x} is told of bytes through the asynchronous proxy: fence.proxy.async or fence.mbarrier_init is missing behind its mbarrier.init");
        }

        barrier.Bytes -= bytes;
        if (block.Order is { } order)
        {
            order.Release(byEngine ? order.Engine : warp.Index, barrier.Arriving);
        }

        EndPhase(barrier);
    }

    /// <summary>Whether the phase of this state, or of this parity, has ended; then the warp sees what was done before.</summary>
    public bool Test(Warp warp, uint lane, int address, ulong stateOrParity, bool isParity)
    {
        PhaseBarrier barrier = Find(warp, lane, address);
        bool ended = isParity ? (barrier.Phase & 1) != (stateOrParity & 1) : barrier.Phase != stateOrParity >> 32;
        if (ended)
        {
            block.Order?.Acquire(warp.Index, barrier.Completed);
        }

        return ended;
    }

    /// <summary>What the barriers lack, for a deadlock's error.</summary>
    public string Describe() =>
        string.Concat(_barriers.Where(entry => entry.Value.Phase > 0 || entry.Value.Pending < entry.Value.Expected || entry.Value.Bytes != 0).Take(8).Select(entry =>
            $"; mbarrier 0x{entry.Key:x}, phase {entry.Value.Phase}: lacks {entry.Value.Pending} arrivals and {entry.Value.Bytes} bytes"));

    /// <summary>PTX ISA, "Tx-count of mbarrier object": it is in a range of 2^20.</summary>
    static void Expect(Warp warp, uint lane, int address, PhaseBarrier barrier, uint bytes)
    {
        if (bytes > MaxCount || barrier.Bytes + (int)bytes > MaxCount)
        {
            throw warp.Fault(PtxError.Misuse, lane, $"{bytes} more bytes are expected at the mbarrier at 0x{address:x}, which counts up to {MaxCount}");
        }

        barrier.Bytes += (int)bytes;
    }

    void EndPhase(PhaseBarrier barrier)
    {
        block.Happened();
        if (barrier.Pending == 0 && barrier.Bytes == 0)
        {
            barrier.Phase++;
            barrier.Pending = barrier.Expected;
            Array.Copy(barrier.Arriving, barrier.Completed, barrier.Arriving.Length);
        }
    }

    PhaseBarrier Find(Warp warp, uint lane, int address)
    {
        if (!_barriers.TryGetValue(address, out PhaseBarrier? barrier))
        {
            throw warp.Fault(PtxError.Uninitialized, lane, $"there is no mbarrier at 0x{address:x}: mbarrier.init makes one (lane {BitOperations.TrailingZeroCount(lane)})");
        }

        // Who began it, and who uses it, have a barrier between.
        return block.Order?.Read(warp.Index, address, Bytes) is { } conflict ? throw Races.Fault(warp, lane, conflict, "uses the mbarrier at") : barrier;
    }

    sealed class PhaseBarrier
    {
        public required long[] Arriving;
        public required long[] Completed;
        public int Expected;
        public int Pending;
        public int Bytes;
        public ulong Phase;
        public required int Beginner;

        // Whether the asynchronous proxy sees it.
        public bool IsPublished;

        public ulong State => (Phase << 32) | (uint)Pending;
    }
}
