using System.Runtime.InteropServices;

namespace PtxEmulator;

/// <summary>The shared memory of a block. Addresses begin at <see cref="AddressWindows.SharedStart"/>.</summary>
sealed unsafe class SharedMemory
{
    // What unwritten memory holds: as a float, a number that stands out in a result.
    const byte Poison = 0x7a;

    readonly byte[] _data;
    readonly byte[] _written;

    public SharedMemory(int end)
    {
        End = end;
        _data = GC.AllocateUninitializedArray<byte>(end + 2048, pinned: true);
        _written = GC.AllocateArray<byte>(end + 64, pinned: true);
        // So aligned that a pattern of 1,024 bytes in addresses is one in memory.
        Data = (byte*)(((nint)Marshal.UnsafeAddrOfPinnedArrayElement(_data, 0) + 1023) & ~1023);
        Written = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_written, 0);
    }

    /// <summary>The address behind the last byte.</summary>
    public int End { get; }

    /// <summary>The byte of address 0, which is none of the block's.</summary>
    public byte* Data { get; }

    /// <summary>1 for each address that was written.</summary>
    public byte* Written { get; }

    public bool Holds(ulong address, int bytes) => address >= AddressWindows.SharedStart && address + (ulong)bytes <= (ulong)End;

    public void Clear()
    {
        NativeMemory.Fill(Data + AddressWindows.SharedStart, (nuint)(End - AddressWindows.SharedStart), Poison);
        NativeMemory.Clear(Written, (nuint)End);
    }

    /// <summary>The first address of these that was never written, or null.</summary>
    public int? Unwritten(int address, int bytes)
    {
        int at = new ReadOnlySpan<byte>(Written + address, bytes).IndexOf((byte)0);
        return at < 0 ? null : address + at;
    }

    public void MarkWritten(int address, int bytes) => new Span<byte>(Written + address, bytes).Fill(1);
}
