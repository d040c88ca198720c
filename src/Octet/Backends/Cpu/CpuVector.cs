using System.Runtime.InteropServices;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Backends.Cpu;

/// <summary>A norm's weight in float32, zero-padded to whole vectors.</summary>
sealed unsafe class CpuVector : Weight
{
    float* _data;

    internal CpuVector(TensorView tensor)
        : base(1, checked((int)tensor.ElementCount))
    {
        int padded = (Columns + 63) / 64 * 64;
        _data = (float*)NativeMemory.AlignedAlloc((nuint)padded * sizeof(float), 64);
        new Span<float>(_data, padded).Clear();
        FloatTensor.Widen(tensor, new Span<float>(_data, Columns));
    }

    internal float* Data => _data;

    internal override long Bytes => Columns * sizeof(float);

    public override void Dispose()
    {
        NativeMemory.AlignedFree(_data);
        _data = null;
    }
}
