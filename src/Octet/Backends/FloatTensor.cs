using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Backends;

/// <summary>Reads a small tensor of a wider float type (scales, norms) as float32; every value of the three is exact there.</summary>
static class FloatTensor
{
    internal static bool IsSupported(DataType type) => type is DataType.Float32 or DataType.BFloat16 or DataType.Float16;

    internal static float[] Widen(TensorView tensor)
    {
        float[] values = new float[tensor.ElementCount];
        Widen(tensor, values);
        return values;
    }

    internal static void Widen(TensorView tensor, Span<float> destination)
    {
        switch (tensor.DataType)
        {
            case DataType.Float32:
                tensor.AsSpan<float>().CopyTo(destination);
                break;
            case DataType.BFloat16:
                BFloat16.ConvertToSingle(tensor.AsSpan<BFloat16>(), destination);
                break;
            case DataType.Float16:
                ReadOnlySpan<Half> half = tensor.AsSpan<Half>();
                for (int i = 0; i < half.Length; i++)
                {
                    destination[i] = (float)half[i];
                }

                break;
            default:
                throw new ModelException(ModelError.Unsupported, $"type {tensor.DataType} where F32, BF16 or F16 is expected", tensor.File.Path, tensor.Name);
        }
    }
}
