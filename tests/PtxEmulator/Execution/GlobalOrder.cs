namespace PtxEmulator;

/// <summary>
/// Finds races in global memory within one launch, in allocations that a kernel has written to: between warps of a block, which barriers order as for
/// shared memory (<see cref="SharedOrder"/> has the clocks), and between blocks, which nothing orders. A word remembers its last write and its last read.
/// Blocks that write the same values to a word, as those of rows that only fill up a batch do, are let be: whichever comes last, the word is the same.
/// Kernels that order their blocks themselves, by atomics or by accesses that acquire or release, are looked at within blocks only.
/// </summary>
static class GlobalOrder
{
    const int SerialShift = 38;
    const int AgentShift = 32;
    const int ClockShift = 4;
    const ulong ClockMask = (1UL << (AgentShift - ClockShift)) - 1;

    // In the place of an agent: warps of several blocks have read.
    const int SeveralBlocks = 63;

    /// <summary>The number that a block has among all of all launches, as far as a mark has room for it.</summary>
    public const ulong SerialMask = (1UL << (64 - SerialShift)) - 1;

    /// <summary>Checks an access and notes it.</summary>
    /// <param name="warp">Who makes it, or asks the engine of bulk copies for it.</param>
    /// <param name="lanes">For errors.</param>
    /// <param name="allocation">Where.</param>
    /// <param name="offset">Of the first byte in it.</param>
    /// <param name="bytes">How many.</param>
    /// <param name="access">What is done.</param>
    /// <param name="byEngine">Whether it goes through the asynchronous proxy.</param>
    public static void Check(Warp warp, uint lanes, Allocation allocation, long offset, int bytes, Access access, bool byEngine = false)
    {
        if (warp.Block.Order is not { } order || (access == Access.Read && !allocation.HasMarks))
        {
            return;
        }

        (ulong[] writes, ulong[] reads) = allocation.Marks;
        Block block = warp.Block;
        int agent = byEngine ? order.Engine : warp.Index;
        ulong own = (block.Serial << SerialShift) | ((ulong)agent << AgentShift) | (((ulong)order.ClockOf(agent) & ClockMask) << ClockShift);
        int last = (int)((offset + bytes - 1) >> 2);
        for (int word = (int)(offset >> 2); word <= last; word++)
        {
            uint touched = SharedOrder.BytesOf(word, (int)Math.Min(offset, int.MaxValue), bytes);
            ulong write = writes[word];
            if (((uint)write & touched) != 0 && Conflict(warp, order, agent, write, byEngine && access == Access.Read) is { } what)
            {
                if (access != Access.Write || byEngine || !IsOfOther(block, write))
                {
                    throw Fault(warp, lanes, allocation, word, access, what, "writes");
                }

                warp.Rewrites.Add((allocation, word, WordOf(allocation, word)));
            }

            ulong read = reads[word];
            if (access == Access.Read)
            {
                reads[word] = bytes < 4 || IsOfSeveral(block, read) ? read : IsOfOther(block, read) ? own | ((ulong)SeveralBlocks << AgentShift) : own;
                continue;
            }

            if (bytes >= 4 && Conflict(warp, order, agent, read, isProxied: false) is { } reader)
            {
                throw Fault(warp, lanes, allocation, word, access, reader, "reads");
            }

            bool again = write >> ClockShift == own >> ClockShift;
            writes[word] = own | touched | (again ? write & 15 : 0);
        }
    }

    /// <summary>A store has been made: refuses it where it changed words that another block wrote.</summary>
    public static void EndStore(Warp warp, uint lanes)
    {
        foreach ((Allocation allocation, int word, uint before) in warp.Rewrites)
        {
            if (WordOf(allocation, word) != before)
            {
                throw Fault(warp, lanes, allocation, word, Access.Write, "another block", "writes otherwise");
            }
        }

        warp.Rewrites.Clear();
    }

    static unsafe uint WordOf(Allocation allocation, int word)
    {
        uint value = 0;
        for (int i = 0; i < 4 && (4L * word) + i < allocation.Length; i++)
        {
            value |= (uint)allocation.Data[(4L * word) + i] << (8 * i);
        }

        return value;
    }

    /// <summary>Who made the earlier access, where nothing orders it; null where something does.</summary>
    static string? Conflict(Warp warp, SharedOrder order, int agent, ulong mark, bool isProxied)
    {
        Block block = warp.Block;
        if (!IsOfLaunch(block, mark))
        {
            return null;
        }

        int other = AgentOf(mark);
        if (mark >> SerialShift != block.Serial || other == SeveralBlocks)
        {
            return block.Launch.Kernel.BlocksCommunicate ? null : "another block";
        }

        var clock = (long)(mark >> ClockShift & ClockMask);
        return !order.HasSeen(agent, other, clock) ? other == order.Engine ? "a bulk copy" : $"warp {other}"
            : isProxied && other != order.Engine && !order.HasFencedGlobal(agent, other, clock) ? $"without fence.proxy.async warp {other}"
            : null;
    }

    static PtxException Fault(Warp warp, uint lanes, Allocation allocation, int word, Access access, string who, string does)
    {
        string done = access == Access.Read ? "reads" : "writes";
        return warp.Fault(PtxError.Race, lanes, $"{done} 4 bytes at offset {4L * word} of {allocation}, which {who} of this launch {does} with nothing between that orders them");
    }

    static bool IsOfLaunch(Block block, ulong mark) => mark != 0 && (((mark >> SerialShift) - block.Launch.FirstSerial) & SerialMask) < (ulong)block.Launch.Grid.Count;

    static bool IsOfOther(Block block, ulong mark) => IsOfLaunch(block, mark) && mark >> SerialShift != block.Serial;

    static bool IsOfSeveral(Block block, ulong mark) => IsOfLaunch(block, mark) && AgentOf(mark) == SeveralBlocks;

    static int AgentOf(ulong mark) => (int)(mark >> AgentShift) & 63;
}
