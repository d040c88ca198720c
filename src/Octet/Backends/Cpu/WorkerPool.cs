namespace Octet.Backends.Cpu;

/// <summary>The threads of a backend, which end when it is disposed of, or with the pool where it was forgotten. One caller at a time.</summary>
sealed class WorkerPool : IDisposable
{
    readonly WorkerCrew _crew;
    bool _disposed;

    /// <param name="workers">Threads, the caller among them; at least 1.</param>
    /// <exception cref="ModelException">The system starts no more threads.</exception>
    internal WorkerPool(int workers)
        : this(workers, Environment.ProcessorCount, ThreadPlacement.Plan(workers))
    {
    }

    /// <param name="workers">Threads, the caller among them; at least 1.</param>
    /// <param name="processors">Processors that this process may use.</param>
    /// <param name="placement">The processors that worker i is bound to; empty to bind none.</param>
    /// <param name="start">Starts a thread; null: as usual.</param>
    /// <exception cref="ModelException">The system starts no more threads; none of them is left.</exception>
    internal WorkerPool(int workers, int processors, int[][] placement, Action<Thread>? start = null)
        => _crew = new WorkerCrew(workers, processors, placement, start ?? (thread => thread.Start()));

    ~WorkerPool() => _crew?.Stop();

    internal int Workers => _crew.Workers;

    /// <summary>
    /// Computes every unit of <paramref name="work"/> and returns when all are done. When units throw, the first exception is thrown
    /// here, and units that nobody had begun are left out.
    /// </summary>
    internal void Run(ParallelWork work)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _crew.Run(work);
        GC.KeepAlive(this);
    }

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _crew.Stop();
            _crew.Join();
            GC.SuppressFinalize(this);
        }
    }
}
