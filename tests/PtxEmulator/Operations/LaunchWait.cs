namespace PtxEmulator;

/// <summary><c>griddepcontrol.wait</c>: the launches before this one have ended, and what they wrote is seen.</summary>
sealed class LaunchWait : Operation
{
    public override void Execute(Warp warp, uint mask)
    {
        warp.HasAwaitedLaunches = true;
        warp.Block.Counters.LaunchWaits++;
    }

    /// <summary>Notes what a launch does with an allocation, and refuses it where it should have waited first.</summary>
    public static void Check(Warp warp, uint lane, Allocation allocation, Access access)
    {
        KernelLaunch launch = warp.Block.Launch;
        if (!warp.HasAwaitedLaunches && (access != Access.Read || allocation.LastWriter >= launch.BesideFrom))
        {
            string what = access == Access.Read ? $"reads in {allocation}, which launch {allocation.LastWriter} wrote to and this one, {launch.Number}, may run beside," : $"writes in {allocation}";
            throw warp.Fault(PtxError.Overlap, lane, $"{what} before it has waited (griddepcontrol.wait)");
        }

        if (access != Access.Read)
        {
            allocation.LastWriter = launch.Number;
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
