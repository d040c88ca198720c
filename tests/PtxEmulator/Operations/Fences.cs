namespace PtxEmulator;

/// <summary>What changes nothing here: warps take turns, so that all see memory alike.</summary>
sealed class NoOperation : Operation
{
    public override void Execute(Warp warp, uint mask)
    {
    }
}

/// <summary><c>fence.proxy.async</c>: what ordinary accesses wrote is seen by the asynchronous proxy, in the spaces that it names.</summary>
sealed class AsyncFence(bool shared, bool global) : Operation
{
    public override void Execute(Warp warp, uint mask)
    {
        warp.Block.Order?.FenceAsync(warp.Index, shared, global, warp.ReleasedUpTo(mask));
        warp.FencedLaunches |= global ? mask & warp.AwaitedLaunches : 0;
        if (shared)
        {
            warp.Block.PhaseBarriers.Publish(warp.Index);
        }
    }
}

/// <summary><c>fence.mbarrier_init</c>: mbarriers that the thread has begun are seen by others, and by the engine of bulk copies.</summary>
sealed class PhaseBarrierFence : Operation
{
    public override void Execute(Warp warp, uint mask) => warp.Block.PhaseBarriers.Publish(warp.Index);
}

/// <summary>A signed byte into a register of 16 bits: its sign goes up to there.</summary>
sealed unsafe class LoadSmallSigned(int[] places, AddressForm address, bool ordered) : Operation
{
    readonly Load<sbyte, uint> _load = new(places, address, ordered, isReadOnly: false);

    public override void Execute(Warp warp, uint mask)
    {
        _load.Execute(warp, mask);
        while (mask != 0)
        {
            int lane = Lanes.Next(ref mask);
            foreach (int place in places)
            {
                ((uint*)(warp.Frame + place))[lane] &= ushort.MaxValue;
            }
        }
    }
}
