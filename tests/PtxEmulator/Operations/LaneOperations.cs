namespace PtxEmulator;

/// <summary>
/// Operations lane by lane, for those that have no vector form. Lanes are uint, or ulong of a 64-bit type, whatever the
/// instruction takes them for; 16-bit registers hold their bits in the low half and zeros above.
/// </summary>
sealed unsafe class LaneUnary<TA, TD>(Func<TA, TD> operation, int d, Slot a) : Operation
    where TA : unmanaged
    where TD : unmanaged
{
    public override void Execute(Warp warp, uint mask)
    {
        var to = (TD*)(warp.Frame + d);
        var x = (TA*)a.In(warp.Frame);
        while (mask != 0)
        {
            int lane = Lanes.Next(ref mask);
            to[lane] = operation(x[lane]);
        }
    }
}

sealed unsafe class LaneBinary<TA, TB, TD>(Func<TA, TB, TD> operation, int d, Slot a, Slot b) : Operation
    where TA : unmanaged
    where TB : unmanaged
    where TD : unmanaged
{
    public override void Execute(Warp warp, uint mask)
    {
        var to = (TD*)(warp.Frame + d);
        var x = (TA*)a.In(warp.Frame);
        var y = (TB*)b.In(warp.Frame);
        while (mask != 0)
        {
            int lane = Lanes.Next(ref mask);
            to[lane] = operation(x[lane], y[lane]);
        }
    }
}

sealed unsafe class LaneTernary<TA, TB, TC, TD>(Func<TA, TB, TC, TD> operation, int d, Slot a, Slot b, Slot c) : Operation
    where TA : unmanaged
    where TB : unmanaged
    where TC : unmanaged
    where TD : unmanaged
{
    public override void Execute(Warp warp, uint mask)
    {
        var to = (TD*)(warp.Frame + d);
        var x = (TA*)a.In(warp.Frame);
        var y = (TB*)b.In(warp.Frame);
        var z = (TC*)c.In(warp.Frame);
        while (mask != 0)
        {
            int lane = Lanes.Next(ref mask);
            to[lane] = operation(x[lane], y[lane], z[lane]);
        }
    }
}

/// <summary><c>bfi</c>: four operands.</summary>
sealed unsafe class LaneQuaternary<T>(Func<T, T, uint, uint, T> operation, int d, Slot a, Slot b, Slot c, Slot e) : Operation
    where T : unmanaged
{
    public override void Execute(Warp warp, uint mask)
    {
        var to = (T*)(warp.Frame + d);
        var x = (T*)a.In(warp.Frame);
        var y = (T*)b.In(warp.Frame);
        uint* z = c.Words(warp.Frame);
        uint* w = e.Words(warp.Frame);
        while (mask != 0)
        {
            int lane = Lanes.Next(ref mask);
            to[lane] = operation(x[lane], y[lane], z[lane], w[lane]);
        }
    }
}
