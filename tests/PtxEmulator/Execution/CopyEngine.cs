namespace PtxEmulator;

/// <summary>Moves bytes for a lane that asked for a bulk copy, through the asynchronous proxy, with every check.</summary>
sealed unsafe class CopyEngine
{
    readonly Warp _warp;
    readonly uint _lane;

    public CopyEngine(Warp warp, int lane)
    {
        _warp = warp;
        _lane = 1u << lane;
        warp.Block.Order?.Issue(warp.Index, warp.ReleasedUpTo(_lane));
    }

    public TensorMapSwizzle Swizzle { get; init; }

    public void ToShared(int shared, ulong global, int bytes)
    {
        if (bytes == 0)
        {
            return;
        }

        Allocation allocation = Find(global, bytes, Access.Read);
        LaunchWait.CheckProxy(_warp, _lane, allocation);
        long offset = (long)(global - allocation.Start);
        GlobalOrder.Check(_warp, _lane, allocation, offset, bytes, Access.Read, byEngine: true);
        if (_warp.Block.Launch.Options.DetectUninitialized && new ReadOnlySpan<byte>(allocation.Written + offset, bytes).Contains((byte)0))
        {
            throw _warp.Fault(PtxError.Uninitialized, _lane, $"copies {bytes} bytes at global 0x{global:x}, offset {offset} of {allocation}, which were not all written");
        }

        _warp.Block.Counters.GlobalBytesRead += bytes;
        _warp.Block.Counters.GlobalSectors += Sectors(global, bytes);
        MarkShared(shared, bytes);
        byte* data = _warp.Block.Shared.Data;
        for (int i = 0, length; i < bytes; i += length)
        {
            length = Math.Min(bytes - i, 16 - ((shared + i) & 15));
            Buffer.MemoryCopy(allocation.Data + offset + i, data + PtxEmulator.Swizzle.Apply(shared + i, Swizzle), length, length);
        }
    }

    public void Zero(int shared, int bytes)
    {
        if (bytes == 0)
        {
            return;
        }

        MarkShared(shared, bytes);
        for (int i = 0; i < bytes; i++)
        {
            _warp.Block.Shared.Data[PtxEmulator.Swizzle.Apply(shared + i, Swizzle)] = 0;
        }
    }

    public void ToGlobal(ulong global, int shared, int bytes)
    {
        if (bytes == 0)
        {
            return;
        }

        Allocation allocation = Find(global, bytes, Access.Write);
        long offset = (long)(global - allocation.Start);
        GlobalOrder.Check(_warp, _lane, allocation, offset, bytes, Access.Write, byEngine: true);
        SharedMemory memory = _warp.Block.Shared;
        for (int i = 0, length; i < bytes; i += length)
        {
            length = Math.Min(bytes - i, 16 - ((shared + i) & 15));
            int from = PtxEmulator.Swizzle.Apply(shared + i, Swizzle);
            if (memory.Unwritten(from, length) is { } unwritten && _warp.Block.Launch.Options.DetectUninitialized)
            {
                throw _warp.Fault(PtxError.Uninitialized, _lane, $"copies shared 0x{unwritten:x}, which was never written");
            }

            if (_warp.Block.Order is { } order && order.Read(order.Engine, from, length, asynchronous: true) is { } conflict)
            {
                throw Races.Fault(_warp, _lane, conflict, "reads");
            }

            Buffer.MemoryCopy(memory.Data + from, allocation.Data + offset + i, length, length);
        }

        new Span<byte>(allocation.Written + offset, bytes).Fill(1);
        _warp.Block.Counters.GlobalBytesWritten += bytes;
        _warp.Block.Counters.GlobalSectors += Sectors(global, bytes);
    }

    /// <summary>Pieces that a swizzle permutes stay within a row's span, or several rows': all of them are written.</summary>
    void MarkShared(int shared, int bytes)
    {
        for (int i = 0, length; i < bytes; i += length)
        {
            length = Swizzle == TensorMapSwizzle.None ? bytes : Math.Min(bytes - i, 16 - ((shared + i) & 15));
            int to = PtxEmulator.Swizzle.Apply(shared + i, Swizzle);
            if (_warp.Block.Order is { } order && order.Write(order.Engine, to, length, _warp.Pc) is { } conflict)
            {
                throw Races.Fault(_warp, _lane, conflict, "writes");
            }

            _warp.Block.Shared.MarkWritten(to, length);
        }
    }

    Allocation Find(ulong global, int bytes, Access access)
    {
        Allocation? allocation = _warp.Block.Launch.Memory.Find(global);
        if (allocation?.Holds(global, bytes) == true)
        {
            LaunchWait.Check(_warp, _lane, allocation, access);
            return allocation;
        }

        throw _warp.Fault(PtxError.OutOfBounds, _lane, $"{bytes} bytes at global 0x{global:x}: {allocation?.ToString() ?? _warp.Block.Launch.Memory.Describe(global)}");
    }

    static long Sectors(ulong address, int bytes) => (long)(((address + (ulong)bytes - 1) >> 5) - (address >> 5) + 1);
}
