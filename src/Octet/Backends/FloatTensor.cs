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
        int count = destination.Length;
        switch (tensor.DataType)
        {
            case DataType.Float32:
                tensor.AsSpan<float>().Slice(first, count).CopyTo(destination);
                break;
            case DataType.BFloat16:
                BFloat16.ConvertToSingle(tensor.AsSpan<BFloat16>().Slice(first, count), destination);
                break;
            case DataType.Float16:
                ReadOnlySpan<Half> half = tensor.AsSpan<Half>().Slice(first, count);
                for (int i = 0; i < half.Length; i++)
                {
                    destination[i] = (float)half[i];
                }

                break;
            case DataType.Float8E4M3FN:
                Float8E4M3FN.ConvertToSingle(tensor.AsSpan<Float8E4M3FN>().Slice(first, count), destination);
                break;
            case DataType.Float8E5M2:
                Float8E5M2.ConvertToSingle(tensor.AsSpan<Float8E5M2>().Slice(first, count), destination);
                break;
            case DataType.Float8E4M3FNUZ:
                Float8E4M3FNUZ.ConvertToSingle(tensor.AsSpan<Float8E4M3FNUZ>().Slice(first, count), destination);
                break;
            case DataType.Float8E5M2FNUZ:
                Float8E5M2FNUZ.ConvertToSingle(tensor.AsSpan<Float8E5M2FNUZ>().Slice(first, count), destination);
                break;
            default:
                throw new ModelException(ModelError.Unsupported, $"type {tensor.DataType} where F32, BF16, F16 or FP8 is expected", tensor.File.Path, tensor.Name);
        }
    }
}
