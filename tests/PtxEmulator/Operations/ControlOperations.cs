using System.Numerics;

namespace PtxEmulator;

/// <summary>An instruction that decides where lanes go on.</summary>
abstract class ControlOperation : Operation
{
    protected ControlOperation() => IsControl = true;

    public sealed override void Execute(Warp warp, uint mask) => throw new InvalidOperationException(Name);
}

sealed class Branch(CodeLabel target) : ControlOperation
{
    public override Flow Control(Warp warp, ref Fragment fragment, uint mask)
    {
        if (mask == fragment.Mask)
        {
            fragment.Pc = target.Pc;
            return Flow.Continue;
        }

        fragment.Pc++;
        if (mask == 0)
        {
            return Flow.Continue;
        }

        warp.Part(ref fragment, mask, target.Pc);
        return Flow.Select;
    }
}

/// <summary><c>brx.idx</c>: each lane goes to the target of its index.</summary>
sealed unsafe class BranchIndexed(Slot index, CodeLabel list) : ControlOperation
{
    public override Flow Control(Warp warp, ref Fragment fragment, uint mask)
    {
        CodeLabel[] targets = list.Targets!;
        uint* lanes = index.Words(warp.Frame);
        for (uint rest = mask; rest != 0;)
        {
            int lane = Lanes.Next(ref rest);
            if (lanes[lane] >= targets.Length)
            {
                throw warp.Fault(PtxError.Misuse, 1u << lane, $"index {lanes[lane]} of {targets.Length} targets");
            }
        }

        return Scatter.Lanes(warp, ref fragment, mask, lane => targets[lanes[lane]].Pc);
    }
}

/// <summary>The end of lanes.</summary>
sealed class Exit : ControlOperation
{
    public override Flow Control(Warp warp, ref Fragment fragment, uint mask)
    {
        if (mask == 0)
        {
            fragment.Pc++;
            return Flow.Continue;
        }

        return warp.Exit(ref fragment, mask);
    }
}

/// <summary>A call: every lane notes where it will go on.</summary>
sealed unsafe class Call(FunctionCode function) : ControlOperation
{
    public override Flow Control(Warp warp, ref Fragment fragment, uint mask)
    {
        uint* returns = (uint*)(warp.Frame + function.ReturnOffset);
        for (uint rest = mask; rest != 0;)
        {
            returns[Lanes.Next(ref rest)] = (uint)(fragment.Pc + 1);
        }

        return Scatter.Lanes(warp, ref fragment, mask, _ => function.Entry);
    }
}

sealed unsafe class Return(FunctionCode function) : ControlOperation
{
    public override Flow Control(Warp warp, ref Fragment fragment, uint mask)
    {
        uint* returns = (uint*)(warp.Frame + function.ReturnOffset);
        return Scatter.Lanes(warp, ref fragment, mask, lane => (int)returns[lane]);
    }
}

static class Scatter
{
    /// <summary>Sends lanes where each of them wants to go; those outside of the mask go on.</summary>
    public static Flow Lanes(Warp warp, ref Fragment fragment, uint mask, Func<int, int> target)
    {
        uint stay = fragment.Mask & ~mask;
        int next = fragment.Pc + 1;
        if (mask == 0)
        {
            fragment.Pc = next;
            return Flow.Continue;
        }

        bool first = stay == 0;
        Flow flow = Flow.Continue;
        while (mask != 0)
        {
            int pc = target(BitOperations.TrailingZeroCount(mask));
            uint same = 0;
            for (uint rest = mask; rest != 0;)
            {
                int lane = PtxEmulator.Lanes.Next(ref rest);
                same |= target(lane) == pc ? 1u << lane : 0;
            }

            mask &= ~same;
            if (first)
            {
                fragment.Pc = pc;
                first = false;
            }
            else
            {
                warp.Part(ref fragment, same, pc);
                flow = Flow.Select;
            }
        }

        if (stay != 0)
        {
            fragment.Pc = next;
        }

        return flow;
    }
}

sealed class Trap : Operation
{
    public override void Execute(Warp warp, uint mask) => throw warp.Fault(PtxError.Trap, mask, "the program stops itself");
}

/// <summary>The lanes let others go first.</summary>
sealed class Yield : ControlOperation
{
    public override Flow Control(Warp warp, ref Fragment fragment, uint mask)
    {
        fragment.Pc++;
        if (warp.Block.Launch.IsCooperative)
        {
            // What it waits for may come from another block.
            warp.Block.Happened();
        }

        return Warp.Wait(ref fragment, FragmentState.Yielded);
    }
}

/// <summary>Copies bytes of each lane's local memory: arguments to a function's parameters, and its results back.</summary>
sealed unsafe class CopyLocal((int From, int To, int Bytes)[] pieces) : Operation
{
    public override void Execute(Warp warp, uint mask)
    {
        while (mask != 0)
        {
            byte* local = warp.Local + ((long)Lanes.Next(ref mask) * warp.LocalStride);
            foreach ((int from, int to, int bytes) in pieces)
            {
                Buffer.MemoryCopy(local + from, local + to, bytes, bytes);
            }
        }
    }
}
