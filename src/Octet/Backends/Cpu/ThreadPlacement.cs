using System.Runtime.InteropServices;

namespace Octet.Backends.Cpu;

/// <summary>
/// Which processors each worker may run on: on a machine with several NUMA nodes, workers are bound to nodes in blocks, and inside a node
/// the system moves them. A worker's range of a weight's rows is always the same, so a page that it is the first to touch lies next to it:
/// copies made at load, and pages of a file that was not in the page cache. Pages that were there already stay where they are, and the
/// keys and values lie where the thread was that made the page. Worker 0 is the caller's thread, which is not bound.
/// </summary>
/// <remarks>
/// Threads that share a core (SMT) are not told apart: a worker for each is the default, because widening hides the latency of reads;
/// <c>--threads</c> sets fewer, and the system spreads those over cores.
/// </remarks>
static unsafe partial class ThreadPlacement
{
    // Bits for 8,192 processors; the kernel wants at least as many as it was built for.
    const int MaskBytes = 1024;

    /// <summary>
    /// The processors of worker i, or an empty plan where threads run where the system puts them: with one node, or when the user has
    /// chosen processors (<c>taskset</c>, <c>numactl</c>, a container's cpuset).
    /// </summary>
    /// <param name="nodes">The processors of each node.</param>
    /// <param name="allowed">The processors that this process may use.</param>
    /// <param name="workers">Threads.</param>
    internal static int[][] Plan(int[][] nodes, IReadOnlySet<int> allowed, int workers)
    {
        if (nodes.Length < 2 || !nodes.SelectMany(node => node).All(allowed.Contains))
        {
            return [];
        }

        // As many workers to a node as it has processors of all, in order: ranges of rows map to nodes in order too.
        int[][] homes = [.. nodes.SelectMany(node => Enumerable.Repeat(node, node.Length))];
        return [.. Enumerable.Range(0, workers).Select(worker => homes[(long)worker * homes.Length / workers])];
    }

    /// <summary>The plan for this machine and process.</summary>
    internal static int[][] Plan(int workers)
        => OperatingSystem.IsLinux() ? Plan(NumaNodes.Read(NumaNodes.Folder), Allowed(), workers) : [];

    /// <summary>Binds the calling thread. Where the system refuses, it runs where it may.</summary>
    internal static void Bind(int[] processors)
    {
        if (OperatingSystem.IsLinux())
        {
            byte* mask = stackalloc byte[MaskBytes];
            new Span<byte>(mask, MaskBytes).Clear();
            foreach (int processor in processors)
            {
                mask[processor / 8] |= (byte)(1 << (processor % 8));
            }

            _ = SetAffinity(0, MaskBytes, mask);
        }
    }

    /// <summary>The processors that the calling thread may run on; empty where the system does not say.</summary>
    internal static HashSet<int> Allowed()
    {
        byte* mask = stackalloc byte[MaskBytes];
        new Span<byte>(mask, MaskBytes).Clear();
        HashSet<int> processors = [];
        if (OperatingSystem.IsLinux() && GetAffinity(0, MaskBytes, mask) == 0)
        {
            for (int i = 0; i < MaskBytes * 8; i++)
            {
                if ((mask[i / 8] >> (i % 8) & 1) != 0)
                {
                    processors.Add(i);
                }
            }
        }

        return processors;
    }

    [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
    private static partial int SetAffinity(int thread, nuint bytes, byte* mask);

    [LibraryImport("libc", EntryPoint = "sched_getaffinity")]
    private static partial int GetAffinity(int thread, nuint bytes, byte* mask);
}
