using static Octet.Constraints.NetworkBuilder;

namespace Octet.Constraints;

/// <summary>Takes out of a network what leads nowhere, and refuses what could not be followed.</summary>
static class NetworkPruning
{
    /// <exception cref="ConstraintException">Nothing is left, or a rule begins with itself.</exception>
    internal static Network Prune(
        List<Rule> rules, List<(int Start, int Final)> ends, List<int> ruleOf, List<Edge> built, List<(int, int, int)> counted, bool[] isWritable)
    {
        Edge[] edges = [.. built.SelectMany(edge => Writable(edge, isWritable))];
        bool[] isFinal = new bool[ruleOf.Count];
        foreach ((_, int final) in ends)
        {
            isFinal[final] = true;
        }

        bool[] leadsOn = Backward(edges, ends, isFinal, static _ => true);
        if (!leadsOn[ends[0].Start])
        {
            throw new ConstraintException(
                ConstraintError.Unsatisfiable, "", Array.TrueForAll(isWritable, static value => value)
                    ? "no text satisfies the constraint: what it asks for contradicts itself"
                    : "no text satisfies the constraint, or the tokenizer has no tokens for the bytes of any");
        }

        edges = [.. edges.Where(edge => leadsOn[edge.From] && leadsOn[edge.To] && (edge.Kind != EdgeKind.Call || leadsOn[ends[edge.Rule].Start]))];
        bool[] mayBeEmpty = Backward(edges, ends, isFinal, static edge => edge.Kind != EdgeKind.Bytes);
        int[] first = Sort(ref edges, ruleOf.Count);
        RequireNoLeftRecursion(rules, ends, edges, first, mayBeEmpty);
        (byte[] classOf, byte[] example) = Classes(edges);
        return new Network
        {
            Start = ends[0].Start,
            Starts = [.. ends.Select(static end => end.Start)],
            IsFinal = isFinal,
            KeepsMasks = [.. ruleOf.Select(rule => rules[rule].KeepsMasks)],
            Same = Same(edges, first, isFinal),
            FirstEdge = first,
            Edges = edges,
            ClassOf = classOf,
            ClassCount = example.Length,
            Example = example,
            Counted = counted,
        };
    }

    /// <summary>An edge, cut into the runs of its bytes that can be written.</summary>
    static IEnumerable<Edge> Writable(Edge edge, bool[] isWritable)
    {
        if (edge.Kind != EdgeKind.Bytes)
        {
            yield return edge;
            yield break;
        }

        for (int low = edge.Low; low <= edge.High; low++)
        {
            int high = low;
            while (high <= edge.High && isWritable[high])
            {
                high++;
            }

            if (high > low)
            {
                yield return edge with { Low = (byte)low, High = (byte)(high - 1) };
                low = high;
            }
        }
    }

    /// <summary>The positions from which the end of their rule can be reached by edges of a kind; a call needs that of the rule's beginning.</summary>
    static bool[] Backward(Edge[] edges, List<(int Start, int Final)> ends, bool[] isFinal, Func<Edge, bool> counts)
    {
        Dictionary<int, int> ruleAt = [];
        for (int rule = 0; rule < ends.Count; rule++)
        {
            ruleAt.Add(ends[rule].Start, rule);
        }

        // Lists of edges, each by the one before it: those into a position, and the calls of a rule.
        int[] lastInto = new int[isFinal.Length];
        int[] lastCall = new int[ends.Count];
        int[] beforeInto = new int[edges.Length];
        int[] beforeCall = new int[edges.Length];
        Array.Fill(lastInto, -1);
        Array.Fill(lastCall, -1);
        for (int i = 0; i < edges.Length; i++)
        {
            if (counts(edges[i]))
            {
                (beforeInto[i], lastInto[edges[i].To]) = (lastInto[edges[i].To], i);
            }

            if (edges[i].Kind == EdgeKind.Call)
            {
                (beforeCall[i], lastCall[edges[i].Rule]) = (lastCall[edges[i].Rule], i);
            }
        }

        bool[] reaches = [.. isFinal];
        Stack<int> open = new(ends.Select(static end => end.Final));
        while (open.TryPop(out int position))
        {
            for (int i = lastInto[position]; i >= 0; i = beforeInto[i])
            {
                Mark(edges[i]);
            }

            if (ruleAt.TryGetValue(position, out int rule))
            {
                for (int i = lastCall[rule]; i >= 0; i = beforeCall[i])
                {
                    if (reaches[edges[i].To])
                    {
                        Mark(edges[i]);
                    }
                }
            }
        }

        return reaches;

        void Mark(Edge edge)
        {
            if (!reaches[edge.From] && (edge.Kind != EdgeKind.Call || reaches[ends[edge.Rule].Start]))
            {
                reaches[edge.From] = true;
                open.Push(edge.From);
            }
        }
    }

    static int[] Sort(ref Edge[] edges, int positions)
    {
        int[] first = new int[positions + 1];
        foreach (Edge edge in edges)
        {
            first[edge.From + 1]++;
        }

        for (int i = 0; i < positions; i++)
        {
            first[i + 1] += first[i];
        }

        Edge[] sorted = new Edge[edges.Length];
        int[] next = [.. first];
        foreach (Edge edge in edges)
        {
            sorted[next[edge.From]++] = edge;
        }

        edges = sorted;
        return first;
    }

    /// <summary>A rule that can call itself before it takes a byte has no end of calls.</summary>
    static void RequireNoLeftRecursion(List<Rule> rules, List<(int Start, int Final)> ends, Edge[] edges, int[] first, bool[] mayBeEmpty)
    {
        List<int>[] begins = new List<int>[rules.Count];
        bool[] seen = new bool[mayBeEmpty.Length]; // a position is of one rule
        Stack<int> open = [];
        for (int rule = 0; rule < rules.Count; rule++)
        {
            begins[rule] = [];
            Visit(ends[rule].Start);
            while (open.TryPop(out int position))
            {
                foreach (Edge edge in edges.AsSpan(first[position], first[position + 1] - first[position]))
                {
                    if (edge.Kind == EdgeKind.Call)
                    {
                        begins[rule].Add(edge.Rule);
                    }

                    if (edge.Kind == EdgeKind.Nothing || (edge.Kind == EdgeKind.Call && mayBeEmpty[ends[edge.Rule].Start]))
                    {
                        Visit(edge.To);
                    }
                }
            }
        }

        // Depth first: 0 not seen, 1 on the way, 2 done.
        byte[] state = new byte[rules.Count];
        Stack<(int Rule, int Next)> way = [];
        for (int start = 0; start < rules.Count; start++)
        {
            if (state[start] == 0)
            {
                state[start] = 1;
                way.Push((start, 0));
            }

            while (way.TryPop(out (int Rule, int Next) at))
            {
                if (at.Next == begins[at.Rule].Count)
                {
                    state[at.Rule] = 2;
                    continue;
                }

                way.Push((at.Rule, at.Next + 1));
                int called = begins[at.Rule][at.Next];
                if (state[called] == 1)
                {
                    throw new ConstraintException(
                        ConstraintError.Unsupported, rules[called].Name, "begins with itself (left recursion); expected something in front of the repetition, or a repetition written with * or +");
                }

                if (state[called] == 0)
                {
                    state[called] = 1;
                    way.Push((called, 0));
                }
            }
        }

        void Visit(int position)
        {
            if (!seen[position])
            {
                seen[position] = true;
                open.Push(position);
            }
        }
    }

    static int[] Same(Edge[] edges, int[] first, bool[] isFinal)
    {
        int[] same = new int[isFinal.Length];
        for (int position = 0; position < same.Length; position++)
        {
            // Bounded: positions may lead to each other in a circle.
            int at = position;
            for (int steps = 0; steps < 8 && !isFinal[at] && first[at + 1] == first[at] + 1 && edges[first[at]].Kind == EdgeKind.Nothing; steps++)
            {
                at = edges[first[at]].To;
            }

            same[position] = at;
        }

        return same;
    }

    static (byte[] ClassOf, byte[] Example) Classes(Edge[] edges)
    {
        bool[] begins = new bool[257];
        begins[0] = true;
        foreach (Edge edge in edges)
        {
            if (edge.Kind == EdgeKind.Bytes)
            {
                begins[edge.Low] = true;
                begins[edge.High + 1] = true;
            }
        }

        byte[] classOf = new byte[256];
        List<byte> example = [];
        for (int value = 0; value < 256; value++)
        {
            if (begins[value])
            {
                example.Add((byte)value);
            }

            classOf[value] = (byte)(example.Count - 1);
        }

        return (classOf, [.. example]);
    }
}
