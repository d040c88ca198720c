using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Octet.Backends;
using Octet.Cuda.Driver;
using Octet.Cuda.Memory;
using Octet.Safetensors;

namespace Octet.Cuda;

/// <summary>A norm's weight, a bias, factors or the taps of a convolution in float32, filled up with zeros to whole groups of 128.</summary>
sealed class CudaVector : Weight
{
    const int Padding = 128;

    CudaVector(ReadOnlySpan<float> values, DeviceArena arena, Uploader uploader, int rows = 1)
        : base(rows, values.Length / rows)
    {
        float[] padded = new float[(values.Length + Padding - 1) / Padding * Padding];
        values.CopyTo(padded);
        Span = arena.Allocate(padded.Length * sizeof(float));
        uploader.Send(Span, MemoryMarshal.AsBytes<float>(padded));
    }

    internal DeviceSpan Span { get; }

    internal ulong Address => Span.Address;

    /// <summary>Of a norm's weight: who takes its outputs.</summary>
    internal OutputConsumer Outputs { get; } = new();

    internal override long Bytes => Rows * Columns * sizeof(float);

    internal static CudaVector Of(ReadOnlySpan<float> values, DeviceArena arena, Uploader uploader) => new(values, arena, uploader);

    /// <exception cref="ModelException">The tensor is of no wider float type.</exception>
    internal static CudaVector Of(TensorView tensor, float offset, DeviceArena arena, Uploader uploader)
    {
        float[] values = FloatTensor.Widen(tensor);
        if (offset != 0)
        {
            TensorPrimitives.Add(values, offset, values);
        }

        return new CudaVector(values, arena, uploader);
    }

    /// <summary>[columns, <paramref name="rows"/>] as [rows, columns].</summary>
    /// <exception cref="ModelException">The tensor is of no wider float type.</exception>
    internal static CudaVector Transposed(TensorView tensor, int rows, DeviceArena arena, Uploader uploader)
    {
        float[] stored = FloatTensor.Widen(tensor);
        float[] values = new float[stored.Length];
        int columns = stored.Length / rows;
        for (int i = 0; i < stored.Length; i++)
        {
            values[(i % rows * columns) + (i / rows)] = stored[i];
        }

        return new CudaVector(values, arena, uploader, rows);
    }

    /// <summary>A layer's bias: of a tensor of all stored rows those of the layer.</summary>
    internal static CudaVector Bias(TensorView tensor, LinearTensor layer, DeviceArena arena, Uploader uploader)
    {
        float[] stored = new float[checked((int)(((layer.Rows - 1) * layer.RowStep) + 1))];
        FloatTensor.Widen(tensor, stored, checked((int)layer.FirstRow));
        float[] values = new float[layer.Rows];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = stored[i * layer.RowStep];
        }

        return new CudaVector(values, arena, uploader);
    }

    // The arena owns the memory.
    public override void Dispose()
    {
    }
}
