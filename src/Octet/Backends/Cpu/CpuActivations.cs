using System.Runtime.InteropServices;

namespace Octet.Backends.Cpu;

/// <summary>
/// Native memory, 64-byte aligned rows. A row is padded to a multiple of 64 floats and a line of the cache more; the padding is zero and
/// stays so, which lets kernels read whole vectors past the last column.
/// </summary>
sealed unsafe class CpuActivations : Activations
{
    const int Padding = 64;
    const int LineFloats = 16;
    void* _memory;
    float* _data;

    internal CpuActivations(int rows, int columns)
        : base(rows, columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(columns);

        // An odd number of cache lines: rows 4 KB apart would all want the same few places of the first level.
        Stride = checked((columns + Padding - 1) / Padding * Padding + LineFloats);

        // Zeroed by the operating system, which gives a page when it is first written: rows that no batch fills take no memory.
        _memory = NativeMemory.AllocZeroed(checked((nuint)rows * (nuint)Stride * sizeof(float) + 64));
        _data = (float*)(((nuint)_memory + 63) & ~(nuint)63);
    }

    /// <summary>Floats from one row to the next.</summary>
    internal int Stride { get; }

    internal float* Row(int row)
    {
        ObjectDisposedException.ThrowIf(_data is null, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)row, (uint)Rows);
        return _data + (nint)row * Stride;
    }

    internal override void CopyRow(int row, Span<float> destination) => new ReadOnlySpan<float>(Row(row), Columns).CopyTo(destination);

    public override void Dispose()
    {
        NativeMemory.Free(_memory);
        _memory = null;
        _data = null;
    }
}
