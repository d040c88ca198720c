using System.Runtime.ExceptionServices;

namespace Octet.Backends.Cpu;

/// <summary>Work that is cut into <c>workers</c> shares; share 0 runs on the calling thread.</summary>
abstract class ParallelWork
{
    internal abstract void Run(int worker, int workers);
}

/// <summary>
/// Threads that wait for the next region by spinning a little, then parking: a decode step has hundreds of short regions, and waking a
/// parked thread costs more than most of them. One caller at a time.
/// </summary>
sealed class WorkerPool : IDisposable
{
    // About 20 to 50 microseconds: longer than the gap between two regions of a step, short enough to leave a shared core to others.
    const int SpinBudget = 2000;

    readonly Thread[] _threads;
    readonly SemaphoreSlim[] _wake;
    readonly int[] _parked;
    ParallelWork? _work;
    Exception? _failure;
    int _generation;
    int _pending;
    volatile bool _stop;

    internal WorkerPool(int workers)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(workers);
        Workers = workers;
        _threads = new Thread[workers - 1];
        _wake = new SemaphoreSlim[workers - 1];
        _parked = new int[(workers - 1) * 32];
        for (int i = 0; i < _threads.Length; i++)
        {
            int index = i;
            _wake[i] = new SemaphoreSlim(0);
            _threads[i] = new Thread(() => Loop(index)) { IsBackground = true, Name = $"octet worker {i + 1}" };
            _threads[i].Start();
        }
    }

    internal int Workers { get; }

    /// <summary>Runs every share of <paramref name="work"/> and returns when all are done; an exception of any share is thrown here.</summary>
    internal void Run(ParallelWork work)
    {
        if (_threads.Length == 0)
        {
            work.Run(0, 1);
            return;
        }

        _work = work;
        Volatile.Write(ref _pending, _threads.Length);
        Interlocked.Increment(ref _generation);
        for (int i = 0; i < _threads.Length; i++)
        {
            // A worker announces that it parks, then looks at the generation once more; here the order is the other way round.
            // One of the two always sees the other.
            if (Volatile.Read(ref _parked[i * 32]) != 0 && Interlocked.Exchange(ref _parked[i * 32], 0) != 0)
            {
                _wake[i].Release();
            }
        }

        try
        {
            work.Run(0, Workers);
        }
        finally
        {
            SpinWait spin = default;
            while (Volatile.Read(ref _pending) != 0)
            {
                spin.SpinOnce(sleep1Threshold: -1);
            }
        }

        if (_failure is { } failure)
        {
            _failure = null;
            ExceptionDispatchInfo.Throw(failure);
        }
    }

    void Loop(int index)
    {
        int seen = 0;
        while (true)
        {
            int spins = 0;
            while (Volatile.Read(ref _generation) == seen)
            {
                if (++spins < SpinBudget)
                {
                    Thread.SpinWait(4);
                    continue;
                }

                Interlocked.Exchange(ref _parked[index * 32], 1);
                if (Volatile.Read(ref _generation) != seen)
                {
                    // The caller may have taken the announcement already: then its Release must be consumed.
                    if (Interlocked.Exchange(ref _parked[index * 32], 0) == 0)
                    {
                        _wake[index].Wait();
                    }

                    break;
                }

                _wake[index].Wait();
                spins = 0;
            }

            if (_stop)
            {
                return;
            }

            seen++;
            try
            {
                _work!.Run(index + 1, Workers);
            }
            catch (Exception error)
            {
                _failure = error;
            }

            Interlocked.Decrement(ref _pending);
        }
    }

    public void Dispose()
    {
        _stop = true;
        Interlocked.Increment(ref _generation);
        for (int i = 0; i < _threads.Length; i++)
        {
            if (Interlocked.Exchange(ref _parked[i * 32], 0) != 0)
            {
                _wake[i].Release();
            }

            _threads[i].Join();
            _wake[i].Dispose();
        }
    }
}
