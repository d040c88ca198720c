namespace PtxEmulator;

/// <summary>
/// Gives the registers of a function places in the frame, so that those which are never needed at the same time share one:
/// PTX names thousands of registers, and a frame of few stays in the host's caches. A register keeps its place from the
/// first to the last instruction, in order of the text, at which it may hold a value that is read later.
/// </summary>
sealed class RegisterPlan
{
    const int PredicateBytes = 4;

    readonly int[] _places;

    /// <param name="graph">The function, with any places.</param>
    /// <param name="registers">Its registers, by index.</param>
    /// <param name="start">Where the registers begin in the frame.</param>
    public RegisterPlan(FlowGraph graph, IReadOnlyList<Register> registers, int start)
    {
        (int First, int Last)[] spans = Spans(graph, registers.Count);
        _places = new int[registers.Count];
        int end = start;
        foreach (IGrouping<int, Register> size in registers.GroupBy(register => register.Bytes).OrderByDescending(group => group.Key))
        {
            end = Assign(size.Key, [.. size.Where(register => spans[register.Index].Last >= 0).OrderBy(register => spans[register.Index].First)], spans, end);
        }

        End = (end + 63) / 64 * 64;
    }

    /// <summary>Behind the last register in the frame.</summary>
    public int End { get; }

    public int Place(int register) => _places[register];

    int Assign(int bytes, List<Register> registers, (int First, int Last)[] spans, int end)
    {
        var free = new Stack<int>();
        var busy = new PriorityQueue<int, int>();
        foreach (Register register in registers)
        {
            (int first, int last) = spans[register.Index];
            while (busy.TryPeek(out int place, out int until) && until < first)
            {
                busy.Dequeue();
                free.Push(place);
            }

            if (!free.TryPop(out int at))
            {
                at = end;
                end += bytes;
            }

            _places[register.Index] = at;
            busy.Enqueue(at, last);
        }

        return bytes == PredicateBytes ? end : (end + 63) / 64 * 64;
    }

    /// <summary>The first and last item at which each register holds something; a last of -1 for those that are not used.</summary>
    static (int First, int Last)[] Spans(FlowGraph graph, int registers)
    {
        var spans = new (int First, int Last)[registers];
        Array.Fill(spans, (int.MaxValue, -1));
        RegisterSet[] live = LiveBefore(graph, registers);
        for (int i = 0; i < graph.Blocks.Length; i++)
        {
            FlowGraph.Block block = graph.Blocks[i];
            foreach (int register in live[i].Members())
            {
                Extend(register, block.Start);
            }

            foreach (int next in block.Successors)
            {
                foreach (int register in live[next].Members())
                {
                    Extend(register, block.End - 1);
                }
            }

            for (int at = block.Start; at < block.End; at++)
            {
                foreach (Register register in graph.Items[at].Reads.Concat(graph.Items[at].Writes))
                {
                    Extend(register.Index, at);
                }
            }
        }

        return spans;

        void Extend(int register, int at) => spans[register] = (Math.Min(spans[register].First, at), Math.Max(spans[register].Last, at));
    }

    static RegisterSet[] LiveBefore(FlowGraph graph, int registers)
    {
        var live = new RegisterSet[graph.Blocks.Length];
        var callers = new List<int>[graph.Blocks.Length];
        for (int i = 0; i < live.Length; i++)
        {
            live[i] = new RegisterSet(registers);
            callers[i] = [];
        }

        for (int i = 0; i < live.Length; i++)
        {
            foreach (int next in graph.Blocks[i].Successors)
            {
                callers[next].Add(i);
            }
        }

        var work = new Queue<int>(Enumerable.Range(0, live.Length).Reverse());
        bool[] queued = [.. Enumerable.Repeat(true, live.Length)];
        while (work.TryDequeue(out int at))
        {
            queued[at] = false;
            var now = new RegisterSet(registers);
            foreach (int next in graph.Blocks[at].Successors)
            {
                now.Add(live[next]);
            }

            for (int i = graph.Blocks[at].End - 1; i >= graph.Blocks[at].Start; i--)
            {
                CodeItem item = graph.Items[i];
                foreach (Register register in item.Writes)
                {
                    now[register.Index] &= item.IsGuarded;
                }

                foreach (Register register in item.Reads)
                {
                    now[register.Index] = true;
                }
            }

            if (!live[at].Add(now))
            {
                continue;
            }

            foreach (int caller in callers[at].Where(caller => !queued[caller]))
            {
                queued[caller] = true;
                work.Enqueue(caller);
            }
        }

        return live;
    }
}
