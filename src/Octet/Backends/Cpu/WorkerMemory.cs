namespace Octet.Backends.Cpu;

/// <summary>A part of one memory for each worker, whole lines of the cache, that grows to the most that was asked for.</summary>
sealed unsafe class WorkerMemory(MemoryLedger ledger, int workers) : IDisposable
{
    // Two lines: processors fetch them in pairs.
    const int Alignment = 128;

    readonly GrowingMemory _memory = new(ledger);
    byte* _first;
    long _stride;

    /// <exception cref="ModelException">The system has no more memory; then what was there stays.</exception>
    internal void Reserve(long bytesOfEach)
    {
        if (bytesOfEach > _stride)
        {
            long stride = (bytesOfEach + Alignment - 1) / Alignment * Alignment;
            _first = _memory.Reserve(checked(stride * workers));
            _stride = stride;
        }
    }

    internal byte* Of(int worker) => _first + worker * _stride;

    public void Dispose()
    {
        _memory.Dispose();
        _first = null;
        _stride = 0;
    }
}
