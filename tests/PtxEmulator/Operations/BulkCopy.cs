namespace PtxEmulator;

/// <summary>
/// <c>cp.async.bulk</c>: the copy engine moves bytes between global and shared memory for one lane. Copies are made at
/// once; the race detector sees to it that nobody uses them before waiting.
/// </summary>
/// <param name="toShared">The direction.</param>
/// <param name="destination">Of the first byte.</param>
/// <param name="source">Of the first byte.</param>
/// <param name="size">Bytes, a multiple of 16.</param>
/// <param name="barrier">The mbarrier that learns of the bytes, for copies to shared memory.</param>
sealed unsafe class BulkCopy(bool toShared, AddressForm destination, AddressForm source, Slot size, AddressForm barrier) : Operation
{
    public override void Execute(Warp warp, uint mask)
    {
        while (mask != 0)
        {
            int lane = Lanes.Next(ref mask);
            int bytes = (int)size.Words(warp.Frame)[lane];
            if (bytes <= 0 || bytes % 16 != 0)
            {
                throw warp.Fault(PtxError.Misuse, 1u << lane, $"{bytes} bytes: a positive multiple of 16 is asked for");
            }

            var engine = new CopyEngine(warp, lane);
            int shared = SharedAddresses.Of(warp, lane, toShared ? destination : source, bytes, 16);
            AddressForm other = toShared ? source : destination;
            ulong global = other.Base.Longs(warp.Frame)[lane] + (ulong)other.Offset;
            if (global % 16 != 0)
            {
                throw warp.Fault(PtxError.Misaligned, 1u << lane, $"global address 0x{global:x} is no multiple of 16");
            }

            if (toShared)
            {
                engine.ToShared(shared, global, bytes);
                warp.Block.PhaseBarriers.CompleteBytes(warp, 1u << lane, SharedAddresses.Of(warp, lane, barrier, 8, 8), bytes, byEngine: true);
            }
            else
            {
                engine.ToGlobal(global, shared, bytes);
            }
        }
    }
}

/// <summary><c>cp.async.bulk.tensor</c>: a tile of a tensor that a <see cref="TensorMap"/> describes.</summary>
/// <param name="toShared">The direction.</param>
/// <param name="shared">The tile in shared memory, a multiple of 128.</param>
/// <param name="map">The generic address of the map.</param>
/// <param name="coordinates">Of the tile's first element, innermost first; what lies outside of the tensor is zero, or is not written.</param>
/// <param name="barrier">As for <see cref="BulkCopy"/>.</param>
sealed unsafe class TensorCopy(bool toShared, AddressForm shared, AddressForm map, Slot[] coordinates, AddressForm barrier) : Operation
{
    public override void Execute(Warp warp, uint mask)
    {
        while (mask != 0)
        {
            int lane = Lanes.Next(ref mask);
            TensorMap tensor = Map(warp, lane);
            int tile = SharedAddresses.Of(warp, lane, shared, tensor.BoxBytes, 128);
            long[] at = new long[coordinates.Length];
            for (int i = 0; i < at.Length; i++)
            {
                at[i] = (int)coordinates[i].Words(warp.Frame)[lane];
            }

            CopyRows(warp, lane, tensor, tile, at);
            if (toShared)
            {
                warp.Block.PhaseBarriers.CompleteBytes(warp, 1u << lane, SharedAddresses.Of(warp, lane, barrier, 8, 8), tensor.BoxBytes, byEngine: true);
            }
        }
    }

    TensorMap Map(Warp warp, int lane)
    {
        ulong* addresses = stackalloc ulong[Lanes.Count];
        byte** pointers = stackalloc byte*[Lanes.Count];
        LaneMemory.Addresses(warp.Frame, map, addresses);
        if (addresses[lane] % 64 != 0)
        {
            throw warp.Fault(PtxError.Misaligned, 1u << lane, $"the tensor map's address 0x{addresses[lane]:x} is no multiple of 64");
        }

        if (AddressWindows.SpaceOf(addresses[lane]) == StateSpace.Local)
        {
            throw warp.Fault(PtxError.Misuse, 1u << lane, "the tensor map lies in local memory: a copy of the kernel's parameter, and not the parameter itself");
        }

        for (int i = TensorMap.Bytes - 16; i >= 0; i -= 16)
        {
            ulong first = addresses[lane];
            addresses[lane] += (ulong)i;
            LaneMemory.Locate(warp, 1u << lane, StateSpace.Generic, addresses, 16, Access.Read, ordered: true, pointers);
            addresses[lane] = first;
        }

        TensorMap tensor = TensorMap.Read(new ReadOnlySpan<byte>(pointers[lane], TensorMap.Bytes))
            ?? throw warp.Fault(PtxError.Misuse, 1u << lane, $"there is no tensor map at 0x{addresses[lane]:x}");
        return tensor.Dimensions.Count == coordinates.Length
            ? tensor
            : throw warp.Fault(PtxError.Misuse, 1u << lane, $"{coordinates.Length} coordinates into a tensor of {tensor.Dimensions.Count} dimensions");
    }

    void CopyRows(Warp warp, int lane, TensorMap tensor, int tile, long[] at)
    {
        var engine = new CopyEngine(warp, lane) { Swizzle = tensor.Swizzle };
        int rowBytes = tensor.Box[0] * tensor.ElementBytes;
        if (tensor.Swizzle != TensorMapSwizzle.None && rowBytes != 16 << (int)tensor.Swizzle)
        {
            throw warp.Fault(PtxError.UnknownInstruction, 1u << lane, $"rows of {rowBytes} bytes with a swizzle of {16 << (int)tensor.Swizzle} are not known here");
        }

        // The part of a row that lies in the tensor.
        long first = Math.Clamp(-at[0], 0, tensor.Box[0]);
        long last = Math.Clamp((long)tensor.Dimensions[0] - at[0], first, tensor.Box[0]);
        int rows = tensor.BoxBytes / rowBytes;
        for (int row = 0; row < rows; row++)
        {
            ulong global = tensor.Address + (ulong)((at[0] + first) * tensor.ElementBytes);
            bool inside = last > first;
            for (int dimension = 1, rest = row; dimension < at.Length; rest /= tensor.Box[dimension], dimension++)
            {
                long index = at[dimension] + (rest % tensor.Box[dimension]);
                inside &= index >= 0 && (ulong)index < tensor.Dimensions[dimension];
                global += (ulong)index * tensor.Strides[dimension - 1];
            }

            int shared = tile + (row * rowBytes);
            int skipped = inside ? (int)first * tensor.ElementBytes : rowBytes;
            int bytes = inside ? (int)(last - first) * tensor.ElementBytes : 0;
            if (toShared)
            {
                engine.Zero(shared, skipped);
                engine.ToShared(shared + skipped, global, bytes);
                engine.Zero(shared + skipped + bytes, rowBytes - skipped - bytes);
            }
            else
            {
                engine.ToGlobal(global, shared + skipped, bytes);
            }
        }
    }
}

/// <summary>Waits for bulk copies out of shared memory: the warp sees that the engine has read it.</summary>
sealed class BulkWait : Operation
{
    public override void Execute(Warp warp, uint mask) => warp.Block.Order?.AwaitEngine(warp.Index);
}
