namespace PtxEmulator;

/// <summary>What changes nothing here: warps take turns, so that all see memory alike.</summary>
sealed class NoOperation : Operation
{
    public override void Execute(Warp warp, uint mask)
    {
    }
}

/// <summary><c>fence.proxy.async</c>.</summary>
sealed class AsyncFence : Operation
{
    public override void Execute(Warp warp, uint mask) => warp.Block.Order?.FenceAsync(warp.Index);
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
