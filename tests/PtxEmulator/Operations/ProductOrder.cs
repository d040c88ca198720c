namespace PtxEmulator;

/// <summary><c>wgmma.fence</c>: of a whole warp, and with its warpgroup's others.</summary>
sealed class ProductFence : CollectiveOperation
{
    public override void Execute(Warp warp, uint mask)
    {
        WholeWarp.Demand(warp, mask);
        Warpgroups.Note(warp);
        warp.Products.Fence();
    }
}

/// <summary><c>wgmma.commit_group</c>.</summary>
sealed class ProductCommit : CollectiveOperation
{
    public override void Execute(Warp warp, uint mask)
    {
        WholeWarp.Demand(warp, mask);
        Warpgroups.Note(warp);
        warp.Products.Commit();
    }
}

/// <summary><c>wgmma.wait_group</c>: at most so many groups are under way behind it.</summary>
sealed class ProductWait(int groups) : CollectiveOperation
{
    public override void Execute(Warp warp, uint mask)
    {
        WholeWarp.Demand(warp, mask);
        Warpgroups.Note(warp);
        warp.Products.Wait(groups);
    }
}
