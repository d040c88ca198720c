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
}
