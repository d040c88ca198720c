using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace PtxEmulator;

enum Access
{
    Read,
    Write,

    /// <summary>Both, as one step: an atomic operation.</summary>
    Update,
}

/// <summary>
/// Finds the memory that the lanes of an instruction reach, with every check: bounds, alignment, memory never written,
/// races; and counts what is moved.
/// </summary>
static unsafe class LaneMemory
{
    /// <summary>Fills in the address of each lane: its base plus an offset.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Addresses(byte* frame, in AddressForm address, ulong* lanes)
    {
        Vector256<ulong> offset = Vector256.Create((ulong)address.Offset);
        if (address.IsWide)
        {
            ulong* from = address.Base.Longs(frame);
            for (int i = 0; i < Lanes.Count; i += Vector256<ulong>.Count)
            {
                (Vector256.Load(from + i) + offset).Store(lanes + i);
            }

            return;
        }

        uint* words = address.Base.Words(frame);
        for (int i = 0; i < Lanes.Count; i++)
        {
            lanes[i] = words[i] + (ulong)address.Offset;
        }
    }

    /// <param name="warp">Whose lanes.</param>
    /// <param name="mask">The lanes, at least one.</param>
    /// <param name="space">Where the addresses lie.</param>
    /// <param name="addresses">Of each lane.</param>
    /// <param name="bytes">That each lane reaches, a power of two.</param>
    /// <param name="access">What is done.</param>
    /// <param name="ordered">Whether the access orders itself among others (volatile, atomic), so that it cannot race.</param>
    /// <param name="pointers">Receives where each lane's bytes are.</param>
    /// <param name="together">Whether all lanes reach the bytes of all of these, which only give the addresses.</param>
    public static void Locate(Warp warp, uint mask, StateSpace space, ulong* addresses, int bytes, Access access, bool ordered, byte** pointers, bool together = false)
    {
        if (space == StateSpace.Generic)
        {
            LocateGeneric(warp, mask, addresses, bytes, access, ordered, pointers, together);
            return;
        }

        RefuseMisaligned(warp, mask, addresses, bytes);
        switch (space)
        {
            case StateSpace.Shared:
                LocateShared(warp, mask, addresses, bytes, access, ordered, pointers, together);
                break;
            case StateSpace.Local:
                LocateLocal(warp, mask, addresses, bytes, pointers);
                break;
            case StateSpace.Parameter:
                LocateParameters(warp, mask, addresses, bytes, access, pointers);
                break;
            default:
                LocateGlobal(warp, mask, addresses, bytes, access, ordered, pointers);
                break;
        }
    }

    static void LocateGeneric(Warp warp, uint mask, ulong* addresses, int bytes, Access access, bool ordered, byte** pointers, bool together)
    {
        ulong* inSpace = stackalloc ulong[Lanes.Count];
        while (mask != 0)
        {
            StateSpace space = AddressWindows.SpaceOf(addresses[BitOperations.TrailingZeroCount(mask)]);
            ulong window = AddressWindows.WindowOf(space);
            uint same = 0;
            for (uint rest = mask; rest != 0;)
            {
                int lane = Lanes.Next(ref rest);
                if (AddressWindows.SpaceOf(addresses[lane]) == space)
                {
                    same |= 1u << lane;
                    inSpace[lane] = addresses[lane] - window;
                }
            }

            Locate(warp, same, space, inSpace, bytes, access, ordered, pointers, together);
            mask &= ~same;
        }
    }

    static void RefuseMisaligned(Warp warp, uint mask, ulong* addresses, int bytes)
    {
        ulong all = 0;
        for (uint rest = mask; rest != 0;)
        {
            all |= addresses[Lanes.Next(ref rest)];
        }

        if ((all & (ulong)(bytes - 1)) != 0)
        {
            throw Misaligned(warp, mask, addresses, bytes);
        }
    }

    static PtxException Misaligned(Warp warp, uint mask, ulong* addresses, int bytes)
    {
        int lane = Lanes.Next(ref mask);
        while ((addresses[lane] & (ulong)(bytes - 1)) == 0)
        {
            lane = Lanes.Next(ref mask);
        }

        return warp.Fault(PtxError.Misaligned, 1u << lane, $"address 0x{addresses[lane]:x} is no multiple of {bytes}");
    }

    static void LocateGlobal(Warp warp, uint mask, ulong* addresses, int bytes, Access access, bool ordered, byte** pointers)
    {
        Block block = warp.Block;
        warp.NoteAccess(mask);
        bool checkWritten = access != Access.Write && block.Launch.Options.DetectUninitialized;
        if (mask == uint.MaxValue && IsDense(addresses, bytes) && LocateDense(warp, addresses[0], Lanes.Count * bytes, access, ordered, checkWritten, pointers))
        {
            return;
        }

        Allocation? allocation = null;
        for (uint rest = mask; rest != 0;)
        {
            int lane = Lanes.Next(ref rest);
            ulong address = addresses[lane];
            if (allocation is null || !allocation.Holds(address, bytes))
            {
                allocation = block.Launch.Memory.Find(address);
                if (allocation is null || !allocation.Holds(address, bytes))
                {
                    string place = allocation?.ToString() ?? block.Launch.Memory.Describe(address);
                    throw warp.Fault(PtxError.OutOfBounds, 1u << lane, $"{bytes} bytes at global 0x{address:x}: {place}");
                }

            }

            LaunchWait.Check(warp, 1u << lane, allocation, access);
            long offset = (long)(address - allocation.Start);
            if (!ordered)
            {
                GlobalOrder.Check(warp, 1u << lane, allocation, offset, bytes, access);
            }

            pointers[lane] = allocation.Data + offset;
            byte* written = allocation.Written + offset;
            if (checkWritten && !AllSet(written, bytes))
            {
                throw warp.Fault(PtxError.Uninitialized, 1u << lane, $"reads {bytes} bytes at global 0x{address:x}, offset {offset} of {allocation}, which were not all written");
            }

            if (access != Access.Read)
            {
                Set(written, bytes);
            }
        }

        int lanes = BitOperations.PopCount(mask);
        block.Counters.GlobalBytesRead += access != Access.Write ? lanes * bytes : 0;
        block.Counters.GlobalBytesWritten += access != Access.Read ? lanes * bytes : 0;
        if (block.Launch.Options.CountTraffic)
        {
            block.Counters.GlobalSectors += Traffic.Sectors(mask, addresses, bytes);
        }
    }

    /// <summary>All lanes reach neighbouring bytes, in order: one range, if it is within one allocation and nothing is wrong with it.</summary>
    static bool LocateDense(Warp warp, ulong start, int bytes, Access access, bool ordered, bool checkWritten, byte** pointers)
    {
        Block block = warp.Block;
        Allocation? allocation = block.Launch.Memory.Find(start);
        if (allocation is null || !allocation.Holds(start, bytes))
        {
            return false;
        }

        long offset = (long)(start - allocation.Start);
        var written = new Span<byte>(allocation.Written + offset, bytes);
        if (checkWritten && written.Contains((byte)0))
        {
            return false;
        }

        LaunchWait.Check(warp, uint.MaxValue, allocation, access);
        if (!ordered)
        {
            GlobalOrder.Check(warp, uint.MaxValue, allocation, offset, bytes, access);
        }

        if (access != Access.Read)
        {
            written.Fill(1);
        }

        FillPointers(pointers, allocation.Data + offset, bytes / Lanes.Count);
        block.Counters.GlobalBytesRead += access != Access.Write ? bytes : 0;
        block.Counters.GlobalBytesWritten += access != Access.Read ? bytes : 0;
        block.Counters.GlobalSectors += (long)(((start + (ulong)bytes - 1) >> 5) - (start >> 5) + 1);
        return true;
    }

    static void FillPointers(byte** pointers, byte* first, int bytes)
    {
        for (int lane = 0; lane < Lanes.Count; lane++)
        {
            pointers[lane] = first + (lane * bytes);
        }
    }

    /// <summary>Whether every lane's address follows that of the lane before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static bool IsDense(ulong* addresses, int bytes)
    {
        Vector256<ulong> expected = Vector256.Create(addresses[0]) + (Vector256.Create(0UL, 1, 2, 3) * Vector256.Create((ulong)bytes));
        Vector256<ulong> step = Vector256.Create(4UL * (ulong)bytes);
        Vector256<ulong> difference = Vector256<ulong>.Zero;
        for (int i = 0; i < Lanes.Count; i += Vector256<ulong>.Count)
        {
            difference |= Vector256.Load(addresses + i) ^ expected;
            expected += step;
        }

        return difference == Vector256<ulong>.Zero;
    }

    static void LocateShared(Warp warp, uint mask, ulong* addresses, int bytes, Access access, bool ordered, byte** pointers, bool together)
    {
        Block block = warp.Block;
        warp.NoteAccess(mask);
        SharedMemory shared = block.Shared;
        bool checkWritten = access != Access.Write && block.Launch.Options.DetectUninitialized;
        bool dense = mask == uint.MaxValue && IsDense(addresses, bytes) && LocateDense(shared, addresses[0], Lanes.Count * bytes, access, checkWritten, pointers);
        for (uint rest = dense ? 0 : mask; rest != 0;)
        {
            int lane = Lanes.Next(ref rest);
            ulong address = addresses[lane];
            if (!shared.Holds(address, bytes))
            {
                throw warp.Fault(PtxError.OutOfBounds, 1u << lane, $"{bytes} bytes at shared 0x{address:x}: the block's are [0x{AddressWindows.SharedStart:x}, 0x{shared.End:x})");
            }

            pointers[lane] = shared.Data + address;
            byte* written = shared.Written + address;
            if (checkWritten && !AllSet(written, bytes))
            {
                throw warp.Fault(PtxError.Uninitialized, 1u << lane, $"reads {bytes} bytes at shared 0x{address:x} (byte {(long)address - AddressWindows.SharedStart}), which were not all written");
            }

            if (access != Access.Read)
            {
                Set(written, bytes);
            }
        }

        if (block.Order is { } order && !ordered)
        {
            block.Lanes!.Check(warp, mask, addresses, bytes, access != Access.Read, together);
            CheckOrder(warp, order, mask, addresses, bytes, access);
        }

        if (dense)
        {
            block.Counters.SharedWavefronts += Math.Max(1, Lanes.Count * bytes / 128);
        }
        else if (block.Launch.Options.CountTraffic)
        {
            (int passes, int least) = Traffic.Wavefronts(mask, addresses, bytes);
            block.Counters.SharedWavefronts += passes;
            block.Counters.SharedConflicts += passes - least;
        }
    }

    static bool LocateDense(SharedMemory shared, ulong start, int bytes, Access access, bool checkWritten, byte** pointers)
    {
        if (!shared.Holds(start, bytes))
        {
            return false;
        }

        var written = new Span<byte>(shared.Written + start, bytes);
        if (checkWritten && written.Contains((byte)0))
        {
            return false;
        }

        if (access != Access.Read)
        {
            written.Fill(1);
        }

        FillPointers(pointers, shared.Data + start, bytes / Lanes.Count);
        return true;
    }

    static void CheckOrder(Warp warp, SharedOrder order, uint mask, ulong* addresses, int bytes, Access access)
    {
        while (mask != 0)
        {
            // Neighbouring lanes most often reach neighbouring bytes: one range for all of them.
            int lane = Lanes.Next(ref mask);
            uint lanes = 1u << lane;
            int start = (int)addresses[lane];
            int length = bytes;
            while (mask != 0 && bytes >= 4 && addresses[BitOperations.TrailingZeroCount(mask)] == (ulong)(start + length))
            {
                lanes |= 1u << Lanes.Next(ref mask);
                length += bytes;
            }

            SharedConflict? conflict = access == Access.Read
                ? order.Read(warp.Index, start, length)
                : order.Write(warp.Index, start, length, warp.Pc);
            if (conflict is { } found)
            {
                throw Races.Fault(warp, lanes, found, access == Access.Read ? "reads" : "writes");
            }
        }
    }

    static void LocateLocal(Warp warp, uint mask, ulong* addresses, int bytes, byte** pointers)
    {
        int end = warp.Block.Launch.Kernel.LocalBytes;
        while (mask != 0)
        {
            int lane = Lanes.Next(ref mask);
            if (addresses[lane] + (ulong)bytes > (ulong)end)
            {
                throw warp.Fault(PtxError.OutOfBounds, 1u << lane, $"{bytes} bytes at local 0x{addresses[lane]:x}: the thread has {end} bytes");
            }

            pointers[lane] = warp.Local + ((long)lane * warp.LocalStride) + addresses[lane];
        }
    }

    static void LocateParameters(Warp warp, uint mask, ulong* addresses, int bytes, Access access, byte** pointers)
    {
        KernelLaunch launch = warp.Block.Launch;
        byte* parameters = (byte*)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(launch.Parameters, 0);
        while (mask != 0)
        {
            int lane = Lanes.Next(ref mask);
            if (access != Access.Read || addresses[lane] + (ulong)bytes > (ulong)launch.Kernel.ParameterBytes)
            {
                throw warp.Fault(PtxError.OutOfBounds, 1u << lane, $"{bytes} bytes at 0x{addresses[lane]:x} of the parameters: {launch.Kernel.ParameterBytes} bytes are there, to be read");
            }

            pointers[lane] = parameters + addresses[lane];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool AllSet(byte* written, int bytes) => bytes switch
    {
        1 => *written != 0,
        2 => *(ushort*)written == 0x0101,
        4 => *(uint*)written == 0x01010101,
        8 => *(ulong*)written == 0x0101010101010101,
        16 => (*(ulong*)written & ((ulong*)written)[1]) == 0x0101010101010101,
        _ => !new ReadOnlySpan<byte>(written, bytes).Contains((byte)0),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Set(byte* written, int bytes)
    {
        switch (bytes)
        {
            case 1:
                *written = 1;
                break;
            case 2:
                *(ushort*)written = 0x0101;
                break;
            case 4:
                *(uint*)written = 0x01010101;
                break;
            case 8:
                *(ulong*)written = 0x0101010101010101;
                break;
            case 16:
                *(ulong*)written = 0x0101010101010101;
                ((ulong*)written)[1] = 0x0101010101010101;
                break;
            default:
                new Span<byte>(written, bytes).Fill(1);
                break;
        }
    }
}
