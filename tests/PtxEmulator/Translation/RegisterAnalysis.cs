namespace PtxEmulator;

/// <summary>
/// Finds the registers that some path reads before it writes them. Only those are watched at run time; of all others it
/// is certain that every thread has written what it reads.
/// </summary>
sealed class RegisterAnalysis(FlowGraph graph, int registers)
{
    /// <summary>The registers to watch, and for each the items that read it without certainty.</summary>
    public Dictionary<Register, HashSet<CodeItem>> Find()
    {
        var found = new Dictionary<Register, HashSet<CodeItem>>();
        RegisterSet?[] before = Written();
        for (int i = 0; i < graph.Blocks.Length; i++)
        {
            if (before[i] is { } written)
            {
                Walk(graph.Blocks[i], written, (register, item) =>
                {
                    if (!found.TryGetValue(register, out HashSet<CodeItem>? readers))
                    {
                        found.Add(register, readers = []);
                    }

                    readers.Add(item);
                });
            }
        }

        return found;
    }

    /// <summary>What is certain to be written before each block; null for blocks that nothing leads to.</summary>
    RegisterSet?[] Written()
    {
        var before = new RegisterSet?[graph.Blocks.Length];
        var work = new Stack<int>([0]);
        before[0] = new RegisterSet(registers);
        while (work.TryPop(out int block))
        {
            var after = new RegisterSet(registers);
            after.CopyFrom(before[block]!);
            Walk(graph.Blocks[block], after, null);
            foreach (int next in graph.Blocks[block].Successors)
            {
                if (before[next] is not { } known)
                {
                    before[next] = known = new RegisterSet(registers);
                    known.CopyFrom(after);
                    work.Push(next);
                }
                else if (known.Keep(after))
                {
                    work.Push(next);
                }
            }
        }

        return before;
    }

    void Walk(FlowGraph.Block block, RegisterSet written, Action<Register, CodeItem>? unwritten)
    {
        for (int i = block.Start; i < block.End; i++)
        {
            CodeItem item = graph.Items[i];
            foreach (Register register in item.Reads)
            {
                if (unwritten is not null && !written[register.Index])
                {
                    unwritten(register, item);
                }
            }

            foreach (Register register in item.Writes)
            {
                written[register.Index] |= !item.IsGuarded;
            }
        }
    }
}
