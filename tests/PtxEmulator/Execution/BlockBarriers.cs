using System.Numerics;

namespace PtxEmulator;

/// <summary>The sixteen named barriers of a block (<c>bar</c>, <c>barrier.cta</c>).</summary>
sealed class BlockBarriers(Block block)
{
    public const int Count = 16;

    readonly Barrier[] _barriers = Create(block.Order?.ClockLength ?? 0);

    /// <summary>A warp arrives.</summary>
    /// <param name="warp">All its lanes are at the instruction.</param>
    /// <param name="id">0 to 15.</param>
    /// <param name="threads">How many threads take part, a multiple of 32; 0 for all of the block.</param>
    /// <param name="waiter">What the barrier tells when all have come; null where the warp does not wait.</param>
    /// <param name="votes">The lanes whose predicate is true, for <c>bar.red</c>.</param>
    /// <returns>Whether the warp can go on at once, because it was the last.</returns>
    public bool Arrive(Warp warp, int id, int threads, IBarrierWaiter? waiter, uint votes)
    {
        Barrier barrier = _barriers[id];
        if (threads % 32 != 0 || threads < 0 || threads > 1024)
        {
            throw warp.Fault(PtxError.Misuse, warp.Live, $"{threads} threads take part in barrier {id}: a multiple of 32, at most 1024, is possible");
        }

        if (barrier.Arrived > 0 && barrier.Threads != threads)
        {
            throw warp.Fault(PtxError.Misuse, warp.Live, $"barrier {id} is for {threads} threads here, and for {barrier.Threads} where others wait at it");
        }

        block.Counters.Barriers++;
        barrier.Threads = threads;
        barrier.Arrived += 32;
        barrier.Votes += BitOperations.PopCount(votes);
        barrier.Voters += BitOperations.PopCount(warp.Live);
        block.Order?.Release(warp.Index, barrier.Clocks);
        if (waiter is not null)
        {
            barrier.Waiting.Add((warp, waiter));
        }

        return Complete(barrier) && waiter is not null;
    }

    /// <summary>A warp that has exited counts as arrived wherever the whole block is awaited.</summary>
    public void WarpExited()
    {
        foreach (Barrier barrier in _barriers)
        {
            if (barrier.Arrived > 0 && barrier.Threads == 0)
            {
                Complete(barrier);
            }
        }
    }

    public void Clear()
    {
        foreach (Barrier barrier in _barriers)
        {
            barrier.Clear();
        }
    }

    bool Complete(Barrier barrier)
    {
        int expected = barrier.Threads == 0 ? 32 * block.Alive : barrier.Threads;
        if (barrier.Arrived < expected)
        {
            return false;
        }

        block.Happened();
        foreach ((Warp warp, IBarrierWaiter waiter) in barrier.Waiting)
        {
            block.Order?.Acquire(warp.Index, barrier.Clocks);
            waiter.Complete(warp, barrier.Votes, barrier.Voters);
            warp.LeaveBarrier();
        }

        barrier.Clear();
        return true;
    }

    static Barrier[] Create(int clocks)
    {
        var barriers = new Barrier[Count];
        for (int i = 0; i < Count; i++)
        {
            barriers[i] = new Barrier { Clocks = new long[clocks] };
        }

        return barriers;
    }

    sealed class Barrier
    {
        public required long[] Clocks;
        public readonly List<(Warp, IBarrierWaiter)> Waiting = [];
        public int Threads;
        public int Arrived;
        public int Votes;
        public int Voters;

        public void Clear()
        {
            Waiting.Clear();
            Arrived = 0;
            Votes = 0;
            Voters = 0;
            Array.Clear(Clocks);
        }
    }
}

/// <summary>An instruction that waits at a barrier and is told the outcome.</summary>
interface IBarrierWaiter
{
    /// <param name="warp">The warp that waited.</param>
    /// <param name="votes">Threads whose predicate was true.</param>
    /// <param name="voters">Threads that took part.</param>
    void Complete(Warp warp, int votes, int voters);
}
