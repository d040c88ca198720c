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
    public static void Locate(Warp warp, uint mask, StateSpace space, ulong* addresses, int bytes, Access access, bool ordered, byte** pointers)
    {
        if (space == StateSpace.Generic)
        {
            LocateGeneric(warp, mask, addresses, bytes, access, ordered, pointers);
            return;
        }

        RefuseMisaligned(warp, mask, addresses, bytes);
        switch (space)
        {
            case StateSpace.Shared:
                LocateShared(warp, mask, addresses, bytes, access, ordered, pointers);
                break;
            case StateSpace.Local:
                LocateLocal(warp, mask, addresses, bytes, pointers);
                break;
            case StateSpace.Parameter:
                LocateParameters(warp, mask, addresses, bytes, access, pointers);
                break;
            default:
                LocateGlobal(warp, mask, addresses, bytes, access, pointers);
                break;
        }
    }

    static void LocateGeneric(Warp warp, uint mask, ulong* addresses, int bytes, Access access, bool ordered, byte** pointers)
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

            Locate(warp, same, space, inSpace, bytes, access, ordered, pointers);
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
            int lane = First(mask, lane => (addresses[lane] & (ulong)(bytes - 1)) != 0);
            throw warp.Fault(PtxError.Misaligned, 1u << lane, $"address 0x{addresses[lane]:x} is no multiple of {bytes}");
        }
    }

    static void LocateGlobal(Warp warp, uint mask, ulong* addresses, int bytes, Access access, byte** pointers)
    {
        Block block = warp.Block;
        bool checkWritten = access != Access.Write && block.Launch.Options.DetectUninitialized;
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

            long offset = (long)(address - allocation.Start);
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

    static void LocateShared(Warp warp, uint mask, ulong* addresses, int bytes, Access access, bool ordered, byte** pointers)
    {
        Block block = warp.Block;
        SharedMemory shared = block.Shared;
        bool checkWritten = access != Access.Write && block.Launch.Options.DetectUninitialized;
        for (uint rest = mask; rest != 0;)
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
            CheckOrder(warp, order, mask, addresses, bytes, access);
        }

        if (block.Launch.Options.CountTraffic)
        {
            (int passes, int least) = Traffic.Wavefronts(mask, addresses, bytes);
            block.Counters.SharedWavefronts += passes;
            block.Counters.SharedConflicts += passes - least;
        }
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
            default:
                new Span<byte>(written, bytes).Fill(1);
                break;
        }
    }

    static int First(uint mask, Func<int, bool> condition)
    {
        while (true)
        {
            int lane = Lanes.Next(ref mask);
            if (condition(lane))
            {
                return lane;
            }
        }
    }
}
