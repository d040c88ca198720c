using System.Numerics.Tensors;
using Octet.Safetensors;

namespace Octet.Backends.Cpu;

/// <summary>A norm's weight or a bias in float32, zero-padded to whole vectors.</summary>
sealed unsafe class CpuVector : Weight
{
    readonly NativeBlock _memory;
    float* _data;

    /// <exception cref="ModelException">The tensor is of no wider float type, or the system has no more memory.</exception>
    internal CpuVector(TensorView tensor, float offset, MemoryLedger ledger)
        : this(tensor, 1, offset, ledger)
    {
    }

    CpuVector(TensorView tensor, int rows, float offset, MemoryLedger ledger)
        : base(rows, checked((int)(tensor.ElementCount / rows)))
    {
        int count = rows * Columns;
        int padded = (count + 63) / 64 * 64;
        _memory = NativeBlock.AllocateZeroed(ledger, (long)padded * sizeof(float));
        _data = (float*)_memory.Pointer;
        try
        {
            Span<float> values = new(_data, count);
            FloatTensor.Widen(tensor, values);
            if (offset != 0)
            {
                TensorPrimitives.Add(values, offset, values);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>[columns, <paramref name="rows"/>] as [rows, columns].</summary>
    /// <exception cref="ModelException">The tensor is of no wider float type, or the system has no more memory.</exception>
    internal static CpuVector Transposed(TensorView tensor, int rows, MemoryLedger ledger)
    {
        var vector = new CpuVector(tensor, rows, 0, ledger);
        float[] stored = new ReadOnlySpan<float>(vector._data, rows * vector.Columns).ToArray();
        for (int i = 0; i < stored.Length; i++)
        {
            vector._data[(i % rows * vector.Columns) + (i / rows)] = stored[i];
        }

        return vector;
    }

    internal float* Data => _data;

    internal override long Bytes => Rows * Columns * sizeof(float);

    public override void Dispose()
    {
        _memory.Dispose();
        _data = null;
    }
}
