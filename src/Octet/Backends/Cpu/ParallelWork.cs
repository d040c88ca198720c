namespace Octet.Backends.Cpu;

/// <summary>
/// Work in units that any worker may compute: what a unit writes must not depend on who computes it, nor on which units come with it.
/// A <c>worker</c> number belongs to one thread at a time, so it may index scratch memory.
/// </summary>
abstract class ParallelWork
{
    /// <summary>How many units there are. 0: the work cuts itself, through <see cref="Run(int, int)"/>.</summary>
    internal virtual long Units => 0;

    /// <summary>Computes the units [first, end).</summary>
    internal virtual void Run(int worker, long first, long end) => throw new NotSupportedException();

    /// <summary>Computes share <paramref name="share"/> of <paramref name="shares"/>.</summary>
    internal virtual void Run(int share, int shares) => throw new NotSupportedException();
}
