namespace PtxEmulator;

/// <summary>Says what a race is about.</summary>
static class Races
{
    public static PtxException Fault(Warp warp, uint lanes, SharedConflict conflict, string does)
    {
        string who = conflict.Agent == warp.Block.Order!.Engine ? "a bulk copy" : $"warp {conflict.Agent}";
        string place = $"{does} shared 0x{conflict.Address:x} (byte {conflict.Address - AddressWindows.SharedStart})";
        if (conflict.MissingFence)
        {
            return warp.Fault(PtxError.Misuse, lanes, $"{place} through the asynchronous proxy, which {who} wrote at line {warp.LineOf(conflict.Instruction)}: fence.proxy.async is missing between");
        }

        return conflict.Instruction < 0
            ? warp.Fault(PtxError.Race, lanes, $"{place}, which {who} reads with no barrier between")
            : warp.Fault(PtxError.Race, lanes, $"{place}, which {who} writes at line {warp.LineOf(conflict.Instruction)} with no barrier between");
    }
}
