using System.Runtime.CompilerServices;
using Octet.Numerics;
using Octet.Safetensors;
using Octet.Tests.Reference;

namespace Octet.Tests.Quantization;

/// <summary>What the tensors of a layer stand for, read by their names and by the definitions of their formats.</summary>
static class QuantizedWeights
{
    /// <summary>Every weight in double precision, and of each the distance to the next value of its format on either side, times the scale.</summary>
    internal static (double[] Weights, double[] Steps, double[] Saturation) Read(SafetensorsCheckpoint file, string module, int rows, int columns)
    {
        bool packed = file.TryGetTensor(module + ".weight_packed", out TensorView? codes);
        codes ??= file[module + ".weight"];
        DataType type = packed ? DataType.Float4E2M1FN : DataType.Float8E4M3FN;
        TensorView scale = file.TryGetTensor(module + ".weight_scale_inv", out TensorView? inverse) ? inverse : file[module + ".weight_scale"];
        long[] shape = scale.Shape.Length == 1 ? [1, 1] : scale.Shape.ToArray();
        int blockRows = shape[0] == rows ? 1 : shape[0] == 1 ? rows : 128;
        int blockColumns = shape[1] == 1 ? columns : shape[1] == columns / 16 ? 16 : shape[1] == columns / 32 ? 32 : 128;
        double global = file.TryGetTensor(module + ".weight_global_scale", out TensorView? divisor) ? divisor.AsSpan<float>()[0] : 1;
        double[] scales = [.. Enumerable.Range(0, checked((int)(shape[0] * shape[1]))).Select(index => Scale(scale, index) / global)];
        ReadOnlySpan<byte> bytes = codes.Bytes;
        double[] weights = new double[rows * columns];
        double[] steps = new double[weights.Length];
        double[] saturation = new double[weights.Length];
        double[] values = WeightScheme.Values(type);
        for (int i = 0; i < weights.Length; i++)
        {
            int code = packed ? (bytes[i / 2] >> (i % 2 * 4)) & 15 : bytes[i];
            double s = scales[(i / columns / blockRows * shape[1]) + (i % columns / blockColumns)];
            int sign = packed ? 8 : 128;
            int largest = packed ? 7 : 0x7E;
            int magnitude = code & (sign - 1);
            weights[i] = values[code] * s;
            steps[i] = (values[Math.Min(magnitude + 1, largest)] - values[Math.Max(Math.Min(magnitude, largest - 1), 0)]) * s;
            saturation[i] = values[largest] * s;
        }

        return (weights, steps, saturation);
    }

    static double Scale(TensorView scale, int index) => scale.DataType switch
    {
        DataType.Float32 => scale.AsSpan<float>()[index],
        DataType.BFloat16 => (float)scale.AsSpan<BFloat16>()[index],
        DataType.Float16 => (double)scale.AsSpan<Half>()[index],
        DataType.Float8E4M3FN => E4M3.Decode(scale.Bytes[index]),
        _ => Math.Pow(2, scale.Bytes[index] - 127),
    };
}
