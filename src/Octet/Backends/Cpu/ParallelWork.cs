namespace Octet.Backends.Cpu;

/// <summary>
/// Work in units that any worker may compute: what a unit writes must not depend on who computes it, nor on which units come with it.
/// A <c>worker</c> number belongs to one thread at a time, so it may index scratch memory.
/// </summary>
abstract class ParallelWork
{
    internal abstract long Units { get; }

    /// <summary>Units that are worth to be taken together, because to begin costs as much as several.</summary>
    internal virtual long SmallestChunk => 1;

    /// <summary>A chunk is this part of what is left of a worker's range: few chunks, and small ones at the end, where workers wait for each other.</summary>
    internal virtual long ChunksOfRest => 4;

    /// <summary>Computes the units [first, end).</summary>
    internal abstract void Run(int worker, long first, long end);
}
