using System.Numerics;

namespace PtxEmulator;

/// <summary>
/// Finds races between lanes of one warp in shared memory. Lanes go on by themselves (PTX ISA, "Independent thread scheduling"): what one wrote another
/// sees behind <c>bar.warp.sync</c> or a barrier of the block, and not because both are of one warp, nor behind <c>shfl.sync</c> and the like, which order
/// no memory. Between two such meetings of a warp, which have a number each, a word remembers who wrote it last and who read it. Bytes that a
/// <c>cp.async</c> is to write belong to nobody until it is waited for.
/// </summary>
sealed class LaneOrder(int sharedEnd)
{
    /// <summary>Takes the place of a lane where all of a warp make an access together.</summary>
    public const int Together = 32;

    const int Several = 63;
    const int EpochShift = 16;
    const int LaneShift = 8;
    const int LaneMask = 63;

    readonly ulong[] _writes = new ulong[(sharedEnd + 3) / 4];
    readonly ulong[] _reads = new ulong[(sharedEnd + 3) / 4];
    readonly ushort[] _copies = new ushort[(sharedEnd + 3) / 4];

    public void Begin() => Array.Clear(_copies);

    /// <summary>Checks an access of a warp's lanes and notes it.</summary>
    /// <param name="warp">The warp.</param>
    /// <param name="mask">The lanes.</param>
    /// <param name="addresses">Shared addresses of each.</param>
    /// <param name="bytes">That each reaches.</param>
    /// <param name="writes">Whether they write.</param>
    /// <param name="together">Whether all lanes make the access, whichever gives the address.</param>
    public unsafe void Check(Warp warp, uint mask, ulong* addresses, int bytes, bool writes, bool together)
    {
        for (uint rest = mask; rest != 0;)
        {
            int lane = Lanes.Next(ref rest);
            Check(warp, 1u << lane, together ? Together : lane, (int)addresses[lane], bytes, writes);
        }

        // Of lanes that write the same bytes by one instruction one prevails: they are noted when all have been checked.
        for (uint rest = writes ? mask : 0; rest != 0;)
        {
            int lane = Lanes.Next(ref rest);
            Note(warp.Epoch, together ? Together : lane, (int)addresses[lane], bytes);
        }
    }

    /// <summary>One lane, or <see cref="Together"/>, has written bytes.</summary>
    public void Note(ulong epoch, int lane, int address, int bytes)
    {
        int last = (address + bytes - 1) >> 2;
        for (int word = address >> 2; word <= last; word++)
        {
            ulong write = _writes[word];
            bool again = write >> EpochShift == epoch && LaneOf(write) == lane;
            _writes[word] = Stamp(epoch, lane) | SharedOrder.BytesOf(word, address, bytes) | (again ? write & 15 : 0);
        }
    }

    /// <summary>Checks bytes of one lane, or of <see cref="Together"/>, and notes that it reads them.</summary>
    public void Check(Warp warp, uint lanes, int lane, int address, int bytes, bool writes)
    {
        ulong epoch = warp.Epoch;
        int last = (address + bytes - 1) >> 2;
        for (int word = address >> 2; word <= last; word++)
        {
            uint touched = SharedOrder.BytesOf(word, address, bytes);
            if (_copies[word] != 0)
            {
                throw warp.Fault(PtxError.Race, lanes, $"{(writes ? "writes" : "reads")} shared 0x{word << 2:x}, to which a cp.async is on its way: cp.async.wait_group is missing between");
            }

            ulong write = _writes[word];
            if (write >> EpochShift == epoch && LaneOf(write) != lane && ((uint)write & touched) != 0)
            {
                throw Fault(warp, lanes, word, writes, LaneOf(write), "writes");
            }

            if (writes)
            {
                ulong read = bytes >= 4 ? _reads[word] : 0;
                if (read >> EpochShift == epoch && LaneOf(read) != lane)
                {
                    throw Fault(warp, lanes, word, writes, LaneOf(read), "reads");
                }
            }
            else if (bytes >= 4)
            {
                ulong read = _reads[word];
                _reads[word] = Stamp(epoch, read >> EpochShift == epoch && LaneOf(read) != lane ? Several : lane);
            }
        }
    }

    /// <summary>A <c>cp.async</c> is on its way to these bytes.</summary>
    public void BeginCopy(int address, int bytes)
    {
        foreach (ref ushort word in _copies.AsSpan(address >> 2, bytes >> 2))
        {
            word++;
        }
    }

    /// <summary>It has come.</summary>
    public void EndCopy(int address, int bytes)
    {
        foreach (ref ushort word in _copies.AsSpan(address >> 2, bytes >> 2))
        {
            word--;
        }
    }

    /// <summary>Whether a <c>cp.async</c> is on its way to sixteen bytes.</summary>
    public bool IsCopied(int address) => _copies.AsSpan(address >> 2, 4).ContainsAnyExcept((ushort)0);

    static PtxException Fault(Warp warp, uint lanes, int word, bool writes, int other, string does)
    {
        string who = other < Together ? $"lane {other}" : "another lane";
        int lane = BitOperations.TrailingZeroCount(lanes);
        return warp.Fault(PtxError.Race, lanes, $"lane {lane} {(writes ? "writes" : "reads")} shared 0x{word << 2:x} (byte {(word << 2) - AddressWindows.SharedStart}), which {who} of its warp {does} with no bar.warp.sync between");
    }

    static ulong Stamp(ulong epoch, int lane) => (epoch << EpochShift) | ((ulong)lane << LaneShift);

    static int LaneOf(ulong stamp) => (int)(stamp >> LaneShift) & LaneMask;
}
