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
        : base(1, checked((int)tensor.ElementCount))
    {
        int padded = (Columns + 63) / 64 * 64;
        _memory = NativeBlock.AllocateZeroed(ledger, (long)padded * sizeof(float));
        _data = (float*)_memory.Pointer;
        try
        {
            Span<float> values = new(_data, Columns);
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

    internal float* Data => _data;

    internal override long Bytes => Columns * sizeof(float);

    public override void Dispose()
    {
        _memory.Dispose();
        _data = null;
    }
}
