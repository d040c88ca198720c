using System.Numerics;

namespace PtxEmulator;

/// <summary>
/// <c>bar</c> and <c>barrier.cta</c>: all lanes of a warp come together, then the warp arrives. The forms without
/// <c>.aligned</c> are taken alike: lanes of one warp at different barriers are an error here.
/// </summary>
sealed unsafe class BarrierOperation(bool waits, Slot id, Slot? threads, BarrierReduction? reduction) : CollectiveOperation, IBarrierWaiter
{
    protected override Flow? ExecuteTogether(Warp warp, ref Fragment fragment, uint mask)
    {
        int lane = BitOperations.TrailingZeroCount(mask);
        uint barrier = id.Words(warp.Frame)[lane];
        if (barrier >= BlockBarriers.Count)
        {
            throw warp.Fault(PtxError.Misuse, mask, $"barrier {barrier} of {BlockBarriers.Count}");
        }

        int count = threads is { } slot ? (int)slot.Words(warp.Frame)[lane] : 0;
        if (threads is not null && count == 0)
        {
            throw warp.Fault(PtxError.Misuse, mask, "a barrier of 0 threads");
        }

        uint votes = reduction is { } given ? (*given.Predicate.Words(warp.Frame) ^ given.Flip) & mask : 0;
        if (!waits)
        {
            warp.Block.Barriers.Arrive(warp, (int)barrier, count, null, votes);
            return null;
        }

        fragment.State = FragmentState.AtBarrier;
        return warp.Block.Barriers.Arrive(warp, (int)barrier, count, this, votes) ? Flow.Continue : Flow.Select;
    }

    public void Complete(Warp warp, int votes, int voters)
    {
        if (reduction is not { } wanted)
        {
            return;
        }

        if (wanted.Kind == "popc")
        {
            new Span<uint>(warp.Frame + wanted.Place, Lanes.Count).Fill((uint)votes);
        }
        else
        {
            bool answer = wanted.Kind == "and" ? votes == voters : votes > 0;
            Predicates.Write(warp.Frame, wanted.Place, answer ? uint.MaxValue : 0, uint.MaxValue);
        }
    }

    public override void Execute(Warp warp, uint mask) => throw new InvalidOperationException(Name);
}

/// <summary>What <c>bar.red</c> asks of all threads.</summary>
readonly record struct BarrierReduction(string Kind, int Place, Slot Predicate, uint Flip);
