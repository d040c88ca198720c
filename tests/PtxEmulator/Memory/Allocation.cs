using System.Runtime.InteropServices;

namespace PtxEmulator;

/// <summary>A piece of device memory, and for each of its bytes whether it was ever written.</summary>
sealed unsafe class Allocation : IDisposable
{
    /// <summary>What unwritten memory holds: as a float, a number that stands out in a result.</summary>
    const byte Poison = 0x7a;

    ulong[][]? _marks;

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

    /// <summary>Whether a kernel has written to it.</summary>
    public bool HasMarks => _marks is not null;

    /// <summary>Of each word the last write and the last read, as <see cref="GlobalOrder"/> has them.</summary>
    public (ulong[] Writes, ulong[] Reads) Marks
    {
        get
        {
            if (_marks is null)
            {
                long words = (Length + 3) / 4;
                Interlocked.CompareExchange(ref _marks, [new ulong[words], new ulong[words]], null);
            }

            return (_marks[0], _marks[1]);
        }
    }

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
            _marks = null;
        }
    }
}
