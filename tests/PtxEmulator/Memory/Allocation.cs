using System.Runtime.InteropServices;

namespace PtxEmulator;

/// <summary>A piece of device memory, and for each of its bytes whether it was ever written.</summary>
sealed unsafe class Allocation : IDisposable
{
    /// <summary>What unwritten memory holds: as a float, a number that stands out in a result.</summary>
    const byte Poison = 0x7a;

    public Allocation(ulong start, long length, string? name)
    {
        Start = start;
        Length = length;
        Name = name;
        Data = (byte*)NativeMemory.AlignedAlloc((nuint)length, 256);
        Written = (byte*)NativeMemory.AllocZeroed((nuint)length);
        NativeMemory.Fill(Data, (nuint)length, Poison);
        GC.AddMemoryPressure(2 * length);
    }

    ~Allocation() => Release();

    public ulong Start { get; }

    public long Length { get; }

    public string? Name { get; }

    public byte* Data { get; private set; }

    /// <summary>The number of the last launch that wrote anything in it; 0: none did.</summary>
    public long LastWriter { get; set; }

    /// <summary>1 for each byte that was written.</summary>
    public byte* Written { get; private set; }

    public bool Holds(ulong address, long bytes) => address >= Start && address - Start <= (ulong)(Length - bytes) && bytes <= Length;

    public override string ToString() => $"{Name ?? "an allocation"} [0x{Start:x}, 0x{Start + (ulong)Length:x})";

    public void Dispose()
    {
        Release();
        GC.SuppressFinalize(this);
    }

    void Release()
    {
        if (Data is not null)
        {
            NativeMemory.AlignedFree(Data);
            NativeMemory.Free(Written);
            GC.RemoveMemoryPressure(2 * Length);
            Data = null;
            Written = null;
        }
    }
}
