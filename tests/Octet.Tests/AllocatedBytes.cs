namespace Octet.Tests;

/// <summary>
/// What some work allocates on this thread: the least of three times, because a collection that another test causes charges a thread for
/// the rest of its allocation buffer.
/// </summary>
static class AllocatedBytes
{
    internal static long Of(Action work)
    {
        long least = long.MaxValue;
        for (int i = 0; i < 3; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            work();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
