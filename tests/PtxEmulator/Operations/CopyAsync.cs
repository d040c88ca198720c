using System.Runtime.CompilerServices;

namespace PtxEmulator;

/// <summary><c>cp.async</c>: 4, 8 or 16 bytes from global to shared memory, the rest beyond the source's size zero.</summary>
/// <param name="destination">In shared memory.</param>
/// <param name="source">In global memory.</param>
/// <param name="bytes">That are written.</param>
/// <param name="size">How many are read, null for all.</param>
/// <param name="ignored">Lanes that read nothing, null for none.</param>
/// <param name="flip">All ones where the predicate is negated.</param>
sealed unsafe class CopyAsync(AddressForm destination, AddressForm source, int bytes, Slot? size, Slot? ignored, uint flip) : Operation
{
    [SkipLocalsInit]
    public override void Execute(Warp warp, uint mask)
    {
        ulong* addresses = stackalloc ulong[Lanes.Count];
        byte** pointers = stackalloc byte*[Lanes.Count];
        LaneMemory.Addresses(warp.Frame, source, addresses);
        uint reading = mask & ~(ignored is { } slot ? *slot.Words(warp.Frame) ^ flip : 0);
        int* read = stackalloc int[Lanes.Count];
        for (uint rest = mask; rest != 0;)
        {
            int lane = Lanes.Next(ref rest);
            uint asked = size is { } given ? given.Words(warp.Frame)[lane] : (uint)bytes;
            if (asked > (uint)bytes)
            {
                throw warp.Fault(PtxError.Misuse, 1u << lane, $"{asked} bytes of a source of {bytes}");
            }

            read[lane] = (reading >> lane & 1) != 0 ? (int)asked : 0;
            reading = asked == 0 ? reading & ~(1u << lane) : reading;
        }

        // A source that is read in part only may end there.
        uint whole = 0;
        for (uint rest = reading; rest != 0;)
        {
            int lane = Lanes.Next(ref rest);
            whole |= read[lane] == bytes ? 1u << lane : 0;
        }

        if (whole != 0)
        {
            LaneMemory.Locate(warp, whole, source.Space, addresses, bytes, Access.Read, ordered: false, pointers);
        }

        for (uint rest = reading & ~whole; rest != 0;)
        {
            LocatePart(warp, Lanes.Next(ref rest), addresses, read, pointers);
        }

        SharedOrder? order = warp.Block.Order;
        while (mask != 0)
        {
            int lane = Lanes.Next(ref mask);
            int to = SharedAddresses.Of(warp, lane, destination, bytes, bytes);
            if (order is not null && order.Write(warp.Index, to, bytes, warp.Pc) is { } conflict)
            {
                throw Races.Fault(warp, 1u << lane, conflict, "writes");
            }

            warp.Copies.Add(lane, to, pointers[lane], read[lane], bytes, warp.Pc);
        }
    }

    /// <summary>Checks the bytes one by one: the number read need not be a power of two.</summary>
    static void LocatePart(Warp warp, int lane, ulong* addresses, int* read, byte** pointers)
    {
        ulong* one = stackalloc ulong[Lanes.Count];
        byte** found = stackalloc byte*[Lanes.Count];
        for (int i = read[lane] - 1; i >= 0; i--)
        {
            one[lane] = addresses[lane] + (ulong)i;
            LaneMemory.Locate(warp, 1u << lane, StateSpace.Global, one, 1, Access.Read, ordered: false, found);
            pointers[lane] = found[lane];
        }
    }
}

/// <summary><c>cp.async.commit_group</c>.</summary>
sealed class CopyCommit : Operation
{
    public override void Execute(Warp warp, uint mask) => warp.Copies.Commit();
}

/// <summary><c>cp.async.wait_group</c>; with -1 groups <c>wait_all</c>.</summary>
sealed class CopyWait(int groups) : Operation
{
    public override void Execute(Warp warp, uint mask)
    {
        if (groups < 0)
        {
            warp.Copies.WaitAll();
        }
        else
        {
            warp.Copies.Wait(groups);
        }
    }
}
