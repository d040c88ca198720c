namespace PtxEmulator;

/// <summary>The basic blocks of a function: runs of instructions that only their first can be jumped to and only their last leaves.</summary>
sealed class FlowGraph
{
    readonly List<CodeItem> _items;
    readonly int[] _blockOf;

    public FlowGraph(List<CodeItem> items, int firstPc)
    {
        _items = items;
        bool[] leads = new bool[items.Count + 1];
        leads[0] = true;
        for (int i = 0; i < items.Count; i++)
        {
            foreach (CodeLabel target in items[i].Targets)
            {
                leads[target.Pc - firstPc] = true;
            }

            leads[i + 1] |= items[i].Targets.Length > 0 || !items[i].FallsThrough;
        }

        int[] starts = [.. Enumerable.Range(0, items.Count).Where(i => leads[i])];
        _blockOf = new int[items.Count];
        Blocks = new Block[starts.Length];
        for (int i = 0; i < starts.Length; i++)
        {
            int end = i + 1 < starts.Length ? starts[i + 1] : items.Count;
            Blocks[i] = new Block(starts[i], end);
            Array.Fill(_blockOf, i, starts[i], end - starts[i]);
        }

        foreach (Block block in Blocks)
        {
            CodeItem last = items[block.End - 1];
            block.Successors = [.. last.Targets.Select(target => _blockOf[target.Pc - firstPc])];
            if ((last.FallsThrough || last.IsGuarded) && block.End < items.Count)
            {
                block.Successors = [.. block.Successors, _blockOf[block.End]];
            }
        }
    }

    public Block[] Blocks { get; }

    public List<CodeItem> Items => _items;

    /// <summary>Items from <see cref="Start"/> up to <see cref="End"/>.</summary>
    public sealed class Block(int start, int end)
    {
        public int Start { get; } = start;

        public int End { get; } = end;

        public int[] Successors { get; set; } = [];
    }
}
