using System.Numerics.Tensors;
using Octet.Safetensors;

namespace Octet.Backends.Cpu;

/// <summary>A norm's weight, a bias or the taps of a convolution in float32, zero-padded to whole vectors.</summary>
sealed unsafe class CpuVector : Weight
{
    readonly NativeBlock _memory;
    float* _data;

    /// <exception cref="ModelException">The tensor is of no wider float type, or the system has no more memory.</exception>
    internal CpuVector(TensorView tensor, float offset, MemoryLedger ledger)
        : this(tensor, offset, ledger, 0, 1, checked((int)tensor.ElementCount))
    {
    }

    /// <summary>A layer's bias: of a tensor of all stored rows those of the layer.</summary>
    /// <exception cref="ModelException">The tensor is of no wider float type, or the system has no more memory.</exception>
    internal static CpuVector Bias(TensorView tensor, LinearTensor layer, MemoryLedger ledger)
        => new(tensor, 0, ledger, checked((int)layer.FirstRow), layer.RowStep, checked((int)layer.Rows));

    CpuVector(TensorView tensor, float offset, MemoryLedger ledger, int first, int step, int count, int rows = 1)
        : base(rows, count / rows)
    {
        int padded = (count + 63) / 64 * 64;
        _memory = NativeBlock.AllocateZeroed(ledger, (long)padded * sizeof(float));
        _data = (float*)_memory.Pointer;
        try
        {
            Span<float> values = new(_data, count);
            if (step == 1)
            {
                FloatTensor.Widen(tensor, values, first);
            }
            else
            {
                float[] stored = new float[checked((count - 1) * step + 1)];
                FloatTensor.Widen(tensor, stored, first);
                for (int i = 0; i < count; i++)
                {
                    values[i] = stored[i * step];
                }
            }

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
    internal static CpuVector Transposed(TensorView tensor, int rows, MemoryLedger ledger, ReadOnlySpan<float> factors = default)
    {
        var vector = new CpuVector(tensor, 0, ledger, 0, 1, checked((int)tensor.ElementCount), rows);
        float[] stored = new ReadOnlySpan<float>(vector._data, rows * vector.Columns).ToArray();
        for (int i = 0; i < stored.Length; i++)
        {
            vector._data[(i % rows * vector.Columns) + (i / rows)] = factors.IsEmpty ? stored[i] : stored[i] * factors[i / rows];
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
