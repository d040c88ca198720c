namespace Octet.Backends.Cpu;

/// <summary>
/// Native memory, 64-byte aligned rows. A row is padded to a multiple of 64 floats and a line of the cache more; the padding is zero and
/// stays so, which lets kernels read whole vectors past the last column.
/// </summary>
sealed unsafe class CpuActivations : Activations
{
    const int Padding = 64;
    const int LineFloats = 16;
    readonly NativeBlock _memory;
    float* _data;

    /// <exception cref="ModelException">The system has no more memory.</exception>
    internal CpuActivations(int rows, int columns, MemoryLedger ledger)
        : base(rows, columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(columns);

        // An odd number of cache lines: rows 4 KB apart would all want the same few places of the first level.
        Stride = checked((columns + Padding - 1) / Padding * Padding + LineFloats);

        _memory = NativeBlock.AllocateZeroed(ledger, checked((long)rows * Stride * sizeof(float)));
        _data = (float*)_memory.Pointer;
    }

    /// <summary>Floats from one row to the next.</summary>
    internal int Stride { get; }

    internal float* Row(int row)
    {
        ObjectDisposedException.ThrowIf(_data is null, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Rows, nameof(row));
        return _data + (nint)row * Stride;
    }

    internal override void CopyRow(int row, Span<float> destination) => new ReadOnlySpan<float>(Row(row), Columns).CopyTo(destination);

    public override void Dispose()
    {
        _memory.Dispose();
        _data = null;
    }
}
