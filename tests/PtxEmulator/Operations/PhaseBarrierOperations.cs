namespace PtxEmulator;

enum PhaseBarrierAction
{
    Initialize,
    Invalidate,
    Arrive,
    ArriveAndExpect,
    ArriveAndDrop,
    ExpectBytes,
    CompleteBytes,

    /// <summary>For <c>cp.async.mbarrier.arrive</c>: all copies of the warp first.</summary>
    ArriveBehindCopies,
}

/// <summary>The <c>mbarrier</c> instructions that do not wait, lane by lane.</summary>
/// <param name="action">Which.</param>
/// <param name="d">The place for the phase's state, or -1.</param>
/// <param name="address">The object.</param>
/// <param name="count">Arrivals or bytes; null for one.</param>
sealed unsafe class PhaseBarrierOperation(PhaseBarrierAction action, int d, AddressForm address, Slot? count) : Operation
{
    /// <summary>Whether the arrival is one that the barrier did not count on from the start.</summary>
    public bool IsExtraArrival { get; init; }

    public override void Execute(Warp warp, uint mask)
    {
        PhaseBarriers barriers = warp.Block.PhaseBarriers;
        if (action == PhaseBarrierAction.ArriveBehindCopies)
        {
            warp.Copies.WaitAll();
        }

        for (uint rest = mask; rest != 0;)
        {
            int lane = Lanes.Next(ref rest);
            uint bit = 1u << lane;
            int at = SharedAddresses.Of(warp, lane, address, 8, 8);
            uint number = count is { } slot ? slot.Words(warp.Frame)[lane] : 1;
            ulong state = 0;
            switch (action)
            {
                case PhaseBarrierAction.Initialize:
                    barriers.Initialize(warp, bit, at, number);
                    break;
                case PhaseBarrierAction.Invalidate:
                    barriers.Invalidate(warp, bit, at);
                    break;
                case PhaseBarrierAction.ExpectBytes:
                    barriers.ExpectBytes(warp, bit, at, number);
                    break;
                case PhaseBarrierAction.CompleteBytes:
                    barriers.CompleteBytes(warp, bit, at, (int)number, byEngine: false);
                    break;
                case PhaseBarrierAction.ArriveAndExpect:
                    state = barriers.Arrive(warp, bit, mask, at, 1, number, drop: false);
                    break;
                default:
                    if (IsExtraArrival)
                    {
                        barriers.ExpectArrival(warp, bit, at);
                    }

                    state = barriers.Arrive(warp, bit, mask, at, number, 0, drop: action == PhaseBarrierAction.ArriveAndDrop);
                    break;
            }

            if (d >= 0)
            {
                ((ulong*)(warp.Frame + d))[lane] = state;
            }
        }
    }
}

/// <summary><c>mbarrier.test_wait</c> and <c>try_wait</c>. Lanes to which it says no let the others go first.</summary>
sealed unsafe class PhaseBarrierTest(int p, AddressForm address, Slot phase, bool isParity) : ControlOperation
{
    public override Flow Control(Warp warp, ref Fragment fragment, uint mask)
    {
        uint ended = 0;
        for (uint rest = mask; rest != 0;)
        {
            int lane = Lanes.Next(ref rest);
            int at = SharedAddresses.Of(warp, lane, address, 8, 8);
            ulong wanted = isParity ? phase.Words(warp.Frame)[lane] : phase.Longs(warp.Frame)[lane];
            ended |= warp.Block.PhaseBarriers.Test(warp, 1u << lane, at, wanted, isParity) ? 1u << lane : 0;
        }

        Predicates.Write(warp.Frame, p, ended, mask);
        fragment.Pc++;
        return ended == mask ? Flow.Continue : Warp.Wait(ref fragment, FragmentState.Yielded);
    }
}
