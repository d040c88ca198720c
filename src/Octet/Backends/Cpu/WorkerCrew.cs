using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Octet.Backends.Cpu;

/// <summary>
/// Threads that wait for the next region by spinning a little, then parking: a decode step has hundreds of short regions, and waking a
/// parked thread costs more than most of them. The caller is worker 0. One caller at a time. The threads keep this object alive, so what
/// may be forgotten is <see cref="WorkerPool"/>, which they do not know.
/// </summary>
/// <remarks>
/// Every worker has a range of the units, always the same part of them, so that it reads the same rows of a weight in every step. It
/// takes the range in chunks, then helps with the ranges of others: a worker that the system has put aside, or that is still waking,
/// delays a region by the chunk in its hands at most, and not at all when it holds none.
/// </remarks>
sealed class WorkerCrew
{
    const int Idle = 0;
    const int Inside = 1;
    const int Parked = 2;

    // Longer than the gap between two regions of a step, short enough to leave a shared core to others. A wait for workers that are
    // inside a region is as long: the chunks at its end are short, so one that takes longer has been put aside, and a sleeping caller
    // leaves it a processor to run on, where a spinning or yielding one does not.
    const double SpinSeconds = 50e-6;

    // Between two looks at the clock, which costs as much as several.
    const int LooksPerClock = 32;

    readonly Thread[] _threads;
    readonly AutoResetEvent[] _wake;
    readonly Seat[] _seats;
    readonly long _spinTicks;
    ParallelWork? _work;
    long _smallestChunk;
    long _chunksOfRest;
    Exception? _failure;

    // Odd while a region is open; a worker enters each at most once.
    int _region;
    volatile bool _stop;

    /// <param name="workers">Threads, the caller among them; at least 1.</param>
    /// <param name="processors">Processors that this process may use.</param>
    /// <param name="placement">The processors that worker i is bound to; empty to bind none.</param>
    /// <param name="start">Starts a thread.</param>
    /// <exception cref="ModelException">The system starts no more threads.</exception>
    internal WorkerCrew(int workers, int processors, int[][] placement, Action<Thread> start)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(workers);
        Workers = workers;

        // More threads than processors: one that spins keeps another from working.
        _spinTicks = workers > processors ? 0 : (long)(SpinSeconds * Stopwatch.Frequency);
        _seats = new Seat[workers];
        _wake = new AutoResetEvent[workers];
        _threads = new Thread[workers - 1];
        for (int i = 0; i < workers; i++)
        {
            _wake[i] = new AutoResetEvent(false);
        }

        for (int i = 0; i < _threads.Length; i++)
        {
            int worker = i + 1;
            int[]? home = placement.Length > 0 ? placement[worker] : null;
            _threads[i] = new Thread(() => Loop(worker, home)) { IsBackground = true, Name = $"octet worker {worker}" };
            try
            {
                start(_threads[i]);
            }
            catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
            {
                Stop();
                Join(i);
                throw new ModelException(ModelError.Full, $"the system started {i + 1} of {workers} threads and no more: use fewer threads, or end other programs", innerException: e);
            }
        }
    }

    internal int Workers { get; }

    /// <summary>
    /// Computes every unit of <paramref name="work"/> and returns when all are done. When units throw, the first exception is thrown
    /// here, and units that nobody had begun are left out.
    /// </summary>
    internal void Run(ParallelWork work)
    {
        long units = work.Units;
        _work = work;
        for (int i = 0; i < _seats.Length; i++)
        {
            _seats[i].End = units * (i + 1) / Workers;
            _seats[i].Next = units * i / Workers;
        }

        // Nobody waits for a lone worker, nobody helps it.
        _smallestChunk = Workers > 1 ? work.SmallestChunk : units;
        _chunksOfRest = work.ChunksOfRest;

        bool shared = Workers > 1 && units > 1;
        if (shared)
        {
            // A worker announces that it parks, then looks at the region once more; here the order is the other way round.
            // One of the two always sees the other.
            Interlocked.Increment(ref _region);
            for (int i = 1; i < Math.Min(Workers, units); i++)
            {
                Wake(i);
            }
        }

        Work(0);
        if (shared)
        {
            // All units are taken. Who comes now finds the region closed; who is inside still computes.
            Interlocked.Increment(ref _region);
            for (int i = 1; i < Workers; i++)
            {
                Wait(0, i);
            }
        }

        _work = null;
        if (_failure is { } failure)
        {
            _failure = null;
            ExceptionDispatchInfo.Throw(failure);
        }
    }

    /// <summary>Tells the threads to end; no region may be open.</summary>
    internal void Stop()
    {
        _stop = true;
        Interlocked.MemoryBarrier();
        for (int i = 1; i < Workers; i++)
        {
            Wake(i);
        }
    }

    /// <summary>Waits until all threads have ended.</summary>
    internal void Join() => Join(_threads.Length);

    void Join(int threads)
    {
        foreach (Thread thread in _threads.AsSpan(0, threads))
        {
            thread.Join();
        }

        foreach (AutoResetEvent wake in _wake)
        {
            wake.Dispose();
        }
    }

    void Loop(int worker, int[]? home)
    {
        if (home is not null)
        {
            ThreadPlacement.Bind(home);
        }

        ref int state = ref _seats[worker].State;
        int seen = 0;
        while (true)
        {
            Wait(worker, seen);
            if (_stop)
            {
                return;
            }

            // Inside first, then the look: the caller closes the region first, then looks who is inside.
            Interlocked.Exchange(ref state, Inside);
            int region = Volatile.Read(ref _region);
            if (IsOpen(region, seen))
            {
                seen = region;
                Work(worker);
            }

            Interlocked.Exchange(ref state, Idle);
            Wake(0);
        }
    }

    void Work(int worker)
    {
        try
        {
            for (int i = worker; i < worker + Workers; i++)
            {
                ref Seat range = ref _seats[i < Workers ? i : i - Workers];
                while (range.TryTake(_smallestChunk, _chunksOfRest, out long first, out long end))
                {
                    _work!.Run(worker, first, end);
                }
            }
        }
        catch (Exception error)
        {
            Interlocked.CompareExchange(ref _failure, error, null);
            for (int i = 0; i < Workers; i++)
            {
                Interlocked.Exchange(ref _seats[i].Next, long.MaxValue);
            }
        }
    }

    /// <summary>Returns when <see cref="IsOver"/>.</summary>
    void Wait(int worker, int about)
    {
        ref int state = ref _seats[worker].State;
        while (!Spin(worker, about))
        {
            Interlocked.Exchange(ref state, Parked);

            // Over in the meantime: the announcement is taken back, unless somebody has taken it and wakes this thread.
            if (!IsOver(worker, about) || Interlocked.CompareExchange(ref state, Idle, Parked) != Parked)
            {
                _wake[worker].WaitOne();
            }
        }
    }

    bool Spin(int worker, int about)
    {
        long deadline = 0;
        for (int look = 1; !IsOver(worker, about); look++)
        {
            if (_spinTicks == 0)
            {
                return false;
            }

            Pause();
            if (look % LooksPerClock == 0)
            {
                long now = Stopwatch.GetTimestamp();
                if (deadline == 0)
                {
                    deadline = now + _spinTicks;
                }
                else if (now >= deadline)
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>The caller waits until worker <paramref name="about"/> is not inside, a worker for a region after <paramref name="about"/>.</summary>
    bool IsOver(int worker, int about)
        => worker == 0 ? Volatile.Read(ref _seats[about].State) != Inside : IsOpen(Volatile.Read(ref _region), about) || _stop;

    static bool IsOpen(int region, int seen) => (region & 1) != 0 && region != seen;

    void Wake(int worker)
    {
        ref int state = ref _seats[worker].State;
        if (Volatile.Read(ref state) == Parked && Interlocked.CompareExchange(ref state, Idle, Parked) == Parked)
        {
            _wake[worker].Set();
        }
    }

    // 10 to 140 cycles, by processor: why a budget counts time and not pauses.
    static void Pause()
    {
        if (X86Base.IsSupported)
        {
            X86Base.Pause();
        }
        else if (ArmBase.IsSupported)
        {
            ArmBase.Yield();
        }
        else
        {
            Thread.SpinWait(1);
        }
    }

    /// <summary>What threads write while others look at it: a cache line each for a worker's state and its range.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 128)]
    struct Seat
    {
        [FieldOffset(0)]
        internal int State;

        /// <summary>The first unit of the range that nobody has taken.</summary>
        [FieldOffset(64)]
        internal long Next;

        [FieldOffset(72)]
        internal long End;

        internal bool TryTake(long smallest, long chunksOfRest, out long first, out long end)
        {
            while (true)
            {
                first = Volatile.Read(ref Next);
                long left = End - first;
                end = first + Math.Min(left, Math.Max(smallest, left / chunksOfRest));
                if (left <= 0)
                {
                    return false;
                }

                if (Interlocked.CompareExchange(ref Next, end, first) == first)
                {
                    return true;
                }
            }
        }
    }
}
