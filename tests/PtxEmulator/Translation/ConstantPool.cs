namespace PtxEmulator;

/// <summary>
/// Memory of the constants of a module, each repeated for all 32 lanes, so that an instruction reads a constant as it
/// reads a register. Pinned: instructions hold addresses into it.
/// </summary>
sealed unsafe class ConstantPool
{
    const int ChunkBytes = 64 * 1024;

    readonly List<byte[]> _chunks = [];
    readonly Dictionary<(ulong Bits, bool Wide), Slot> _known = [];
    int _used = ChunkBytes;

    /// <summary>A constant of 64 bits (wide) or 32 bits.</summary>
    public Slot Add(ulong bits, bool wide)
    {
        bits = wide ? bits : (uint)bits;
        if (!_known.TryGetValue((bits, wide), out Slot slot))
        {
            byte* lanes = Reserve(32 * (wide ? sizeof(ulong) : sizeof(uint)));
            if (wide)
            {
                new Span<ulong>(lanes, 32).Fill(bits);
            }
            else
            {
                new Span<uint>(lanes, 32).Fill((uint)bits);
            }

            slot = Slot.Constant(lanes);
            _known.Add((bits, wide), slot);
        }

        return slot;
    }

    byte* Reserve(int bytes)
    {
        if (_used + bytes > ChunkBytes)
        {
            _chunks.Add(GC.AllocateArray<byte>(ChunkBytes + 64, pinned: true));
            _used = 0;
        }

        byte* start = (byte*)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(_chunks[^1], 0);
        byte* aligned = (byte*)(((nint)start + 63) & ~63) + _used;
        _used += bytes;
        return aligned;
    }
}
