using System.Buffers;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Backends;

/// <summary>Reads a small tensor (scales, norms) of a wider float type, or of FP8, as float32; every value is exact there.</summary>
static class FloatTensor
{
    internal static bool IsSupported(DataType type) => type is DataType.Float32 or DataType.BFloat16 or DataType.Float16;

    internal static bool IsFloat8(DataType type) => type is DataType.Float8E4M3FN or DataType.Float8E5M2 or DataType.Float8E4M3FNUZ or DataType.Float8E5M2FNUZ;

    internal static float[] Widen(TensorView tensor)
    {
        float[] values = new float[tensor.ElementCount];
        Widen(tensor, values);
        return values;
    }

    /// <summary>As many elements as <paramref name="destination"/> has, from <paramref name="first"/> on.</summary>
    internal static void Widen(TensorView tensor, Span<float> destination, int first = 0)
    {
        DataType type = tensor.DataType;
        if (!IsSupported(type) && !IsFloat8(type))
        {
            throw new ModelException(ModelError.Unsupported, $"type {type} where F32, BF16, F16 or FP8 is expected", tensor.File.Path, tensor.Name);
        }

        int bytes = type.BitSize() / 8;
        long offset = (long)first * bytes;
        int length = checked(destination.Length * bytes);
        if (tensor.IsInPlace)
        {
            Widen(type, tensor.Slice(offset, length), destination);
            return;
        }

        byte[] stored = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            tensor.Read(offset, stored.AsSpan(0, length));
            Widen(type, stored.AsSpan(0, length), destination);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(stored);
        }
    }

    static void Widen(DataType type, ReadOnlySpan<byte> stored, Span<float> destination)
    {
        switch (type)
        {
            case DataType.Float32:
                MemoryMarshal.Cast<byte, float>(stored).CopyTo(destination);
                break;
            case DataType.BFloat16:
                BFloat16.ConvertToSingle(MemoryMarshal.Cast<byte, BFloat16>(stored), destination);
                break;
            case DataType.Float16:
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(stored), destination);
                break;
            case DataType.Float8E4M3FN:
                Float8E4M3FN.ConvertToSingle(MemoryMarshal.Cast<byte, Float8E4M3FN>(stored), destination);
                break;
            case DataType.Float8E5M2:
                Float8E5M2.ConvertToSingle(MemoryMarshal.Cast<byte, Float8E5M2>(stored), destination);
                break;
            case DataType.Float8E4M3FNUZ:
                Float8E4M3FNUZ.ConvertToSingle(MemoryMarshal.Cast<byte, Float8E4M3FNUZ>(stored), destination);
                break;
            default:
                Float8E5M2FNUZ.ConvertToSingle(MemoryMarshal.Cast<byte, Float8E5M2FNUZ>(stored), destination);
                break;
        }
    }
}
