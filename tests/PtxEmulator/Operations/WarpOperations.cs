using System.Numerics;

namespace PtxEmulator;

/// <summary>An instruction of the lanes that a member mask names, which all of them give alike.</summary>
abstract unsafe class MemberOperation(Slot members) : CollectiveOperation
{
    protected sealed override uint Members(Warp warp, uint mask)
    {
        uint* lanes = members.Words(warp.Frame);
        uint first = lanes[BitOperations.TrailingZeroCount(mask)];
        for (uint rest = mask; rest != 0;)
        {
            int lane = Lanes.Next(ref rest);
            if ((lanes[lane] >> lane & 1) == 0)
            {
                throw warp.Fault(PtxError.Divergence, 1u << lane, $"the lane executes it, and is not in its member mask 0x{lanes[lane]:x8}");
            }

            if (lanes[lane] != first)
            {
                throw warp.Fault(PtxError.Divergence, 1u << lane, $"member mask 0x{lanes[lane]:x8} here and 0x{first:x8} of another lane");
            }
        }

        return first;
    }
}

enum ShuffleMode
{
    Up,
    Down,
    Butterfly,
    Index,
}

/// <summary><c>shfl.sync</c>: lanes read one another's a. c holds the mask of segments and the clamp.</summary>
sealed unsafe class Shuffle(ShuffleMode mode, int d, int p, Slot a, Slot b, Slot c, Slot members) : MemberOperation(members)
{
    public override void Execute(Warp warp, uint mask)
    {
        byte* frame = warp.Frame;
        uint* values = stackalloc uint[Lanes.Count];
        new ReadOnlySpan<uint>(a.Words(frame), Lanes.Count).CopyTo(new Span<uint>(values, Lanes.Count));
        uint* to = (uint*)(frame + d);
        uint inside = 0;
        for (uint rest = mask; rest != 0;)
        {
            int lane = Lanes.Next(ref rest);
            int offset = (int)(b.Words(frame)[lane] & 31);
            uint control = c.Words(frame)[lane];
            int segment = (int)(control >> 8 & 31);
            int clamp = (int)(control & 31);
            int least = lane & segment;
            int most = least | (clamp & ~segment);
            (int from, bool valid) = mode switch
            {
                ShuffleMode.Up => (lane - offset, lane - offset >= most),
                ShuffleMode.Down => (lane + offset, lane + offset <= most),
                ShuffleMode.Butterfly => (lane ^ offset, (lane ^ offset) <= most),
                _ => (least | (offset & ~segment), (least | (offset & ~segment)) <= most),
            };
            from = valid ? from : lane;
            inside |= valid ? 1u << lane : 0;
            if ((mask >> from & 1) == 0)
            {
                throw warp.Fault(PtxError.Divergence, 1u << lane, $"reads lane {from}, which does not execute it");
            }

            to[lane] = values[from];
        }

        Predicates.Write(frame, p, inside, mask);
    }
}

/// <summary><c>vote.sync</c> of a predicate.</summary>
sealed unsafe class Vote(string mode, int d, Slot p, uint flip, Slot members) : MemberOperation(members)
{
    public override void Execute(Warp warp, uint mask)
    {
        uint holds = (*p.Words(warp.Frame) ^ flip) & mask;
        if (mode == "ballot")
        {
            uint* to = (uint*)(warp.Frame + d);
            while (mask != 0)
            {
                to[Lanes.Next(ref mask)] = holds;
            }

            return;
        }

        bool answer = mode switch
        {
            "all" => holds == mask,
            "any" => holds != 0,
            _ => holds == 0 || holds == mask,
        };
        Predicates.Write(warp.Frame, d, answer ? mask : 0, mask);
    }
}

/// <summary><c>redux.sync</c>: one value from all members.</summary>
sealed unsafe class Reduce(Func<uint, uint, uint> operation, int d, Slot a, Slot members) : MemberOperation(members)
{
    public override void Execute(Warp warp, uint mask)
    {
        uint* values = a.Words(warp.Frame);
        uint rest = mask;
        uint result = values[Lanes.Next(ref rest)];
        while (rest != 0)
        {
            result = operation(result, values[Lanes.Next(ref rest)]);
        }

        uint* to = (uint*)(warp.Frame + d);
        while (mask != 0)
        {
            to[Lanes.Next(ref mask)] = result;
        }
    }
}

/// <summary><c>match.sync</c>: the members that hold the same value; with <c>.all</c>, all of them or none.</summary>
sealed unsafe class Match(bool all, bool isWide, int d, int p, Slot a, Slot members) : MemberOperation(members)
{
    public override void Execute(Warp warp, uint mask)
    {
        uint* to = (uint*)(warp.Frame + d);
        uint agree = 0;
        for (uint rest = mask; rest != 0;)
        {
            int lane = Lanes.Next(ref rest);
            uint same = 0;
            for (uint others = mask; others != 0;)
            {
                int other = Lanes.Next(ref others);
                same |= Value(warp, other) == Value(warp, lane) ? 1u << other : 0;
            }

            agree |= same == mask ? 1u << lane : 0;
            to[lane] = all && same != mask ? 0 : same;
        }

        Predicates.Write(warp.Frame, p, agree, mask);
    }

    ulong Value(Warp warp, int lane) => isWide ? a.Longs(warp.Frame)[lane] : a.Words(warp.Frame)[lane];
}

/// <summary><c>elect.sync</c>: the lowest member is the one.</summary>
sealed unsafe class Elect(int d, int p, Slot members) : MemberOperation(members)
{
    public override void Execute(Warp warp, uint mask)
    {
        int leader = BitOperations.TrailingZeroCount(mask);
        uint* to = (uint*)(warp.Frame + d);
        for (uint rest = mask; rest != 0;)
        {
            to[Lanes.Next(ref rest)] = (uint)leader;
        }

        Predicates.Write(warp.Frame, p, 1u << leader, mask);
    }
}

/// <summary><c>bar.warp.sync</c>: the meeting, and the order of what the lanes did before and do behind it.</summary>
sealed class WarpBarrier(Slot members) : MemberOperation(members)
{
    public override void Execute(Warp warp, uint mask) => warp.Meet();
}

sealed unsafe class ActiveMask(int d) : Operation
{
    public override void Execute(Warp warp, uint mask)
    {
        uint* to = (uint*)(warp.Frame + d);
        for (uint rest = mask; rest != 0;)
        {
            to[Lanes.Next(ref rest)] = mask;
        }
    }
}

/// <summary><c>setmaxnreg</c>: of a whole warpgroup; registers are without limit here.</summary>
sealed class SetMaxRegisters : CollectiveOperation
{
    public override void Execute(Warp warp, uint mask) => Warpgroups.Note(warp);
}
