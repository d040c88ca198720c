namespace PtxEmulator;

/// <summary><c>griddepcontrol.wait</c>: the launches before this one have ended, and what they wrote is seen.</summary>
sealed class LaunchWait : Operation
{
    public override void Execute(Warp warp, uint mask)
    {
        warp.AwaitedLaunches |= mask;
        warp.Block.Counters.LaunchWaits++;
    }

    /// <summary>Notes what a launch does with an allocation, and refuses it where it should have waited first.</summary>
    public static void Check(Warp warp, uint lane, Allocation allocation, Access access)
    {
        KernelLaunch launch = warp.Block.Launch;
        if ((lane & ~warp.AwaitedLaunches) != 0 && (access != Access.Read || allocation.LastWriter >= launch.BesideFrom))
        {
            string what = access == Access.Read ? $"reads in {allocation}, which launch {allocation.LastWriter} wrote to and this one, {launch.Number}, may run beside," : $"writes in {allocation}";
            throw warp.Fault(PtxError.Overlap, lane, $"{what} before it has waited (griddepcontrol.wait)");
        }

        if (access != Access.Read)
        {
            allocation.LastWriter = launch.Number;
        }
    }

    /// <summary>
    /// Refuses to copy through the asynchronous proxy what launches beside this one wrote by ordinary stores (PTX ISA, "Async proxy"), unless the lane has
    /// made it visible there behind its wait. The end of a launch that nothing overlaps does that by itself.
    /// </summary>
    public static void CheckProxy(Warp warp, uint lane, Allocation allocation)
    {
        KernelLaunch launch = warp.Block.Launch;
        if (allocation.LastWriter >= launch.BesideFrom && (lane & ~warp.FencedLaunches) != 0)
        {
            throw warp.Fault(PtxError.Overlap, lane, $"reads in {allocation} through the asynchronous proxy, which launch {allocation.LastWriter} wrote to and this one, {launch.Number}, may have begun beside: fence.proxy.async is missing behind griddepcontrol.wait");
        }
    }

    /// <summary>Refuses to read as memory that nobody writes while the kernel runs what launches beside it wrote: a cache may have it as it was, even after the wait.</summary>
    public static unsafe void CheckReadOnly(Warp warp, uint mask, ulong* addresses)
    {
        if (warp.Block.Launch.BesideFrom is not { } first)
        {
            return;
        }

        for (uint rest = mask; rest != 0;)
        {
            int lane = Lanes.Next(ref rest);
            if (warp.Block.Launch.Memory.Find(addresses[lane]) is { } allocation && allocation.LastWriter >= first)
            {
                throw warp.Fault(PtxError.Overlap, 1u << lane, $"reads by .nc in {allocation}, which launch {allocation.LastWriter} wrote to and this one, {warp.Block.Launch.Number}, may have begun beside");
            }
        }
    }
}
