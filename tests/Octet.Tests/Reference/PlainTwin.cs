using System.Runtime.InteropServices;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Tests.Reference;

/// <summary>
/// What the FP8 layers of somebody else's file mean, by the definition <c>code * scale</c> and by blocks that the test names: the same
/// model without quantisation.
/// </summary>
static class PlainTwin
{
    /// <param name="directory">A model.</param>
    /// <param name="blockRows">Rows of a block; 0: all.</param>
    /// <param name="blockColumns">Columns of a block; 0: all.</param>
    /// <param name="bytes">What codes under the type U8 are.</param>
    internal static Dictionary<string, double[][]> Meant(string directory, int blockRows, int blockColumns, DataType bytes = DataType.Float8E4M3FN)
    {
        Dictionary<string, double[][]> meant = [];
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(directory);
        foreach (TensorView tensor in checkpoint.Tensors)
        {
            DataType type = tensor.DataType == DataType.UInt8 ? bytes : tensor.DataType;
            string? module = ((string[])[".weight", "._weight_qdata"]).Where(suffix => tensor.Name.EndsWith(suffix, StringComparison.Ordinal)).Select(suffix => tensor.Name[..^suffix.Length]).FirstOrDefault();
            if (module is null || type is not (DataType.Float8E4M3FN or DataType.Float8E5M2))
            {
                continue;
            }

            // A vector is a row of [value] each, as the reference reads them.
            int columns = tensor.Shape.Length == 1 ? 1 : (int)tensor.Shape[^1];
            int rows = (int)(tensor.ElementCount / columns);
            double[] scales = [1];
            string? scale = ((string[])[".weight_scale", ".weight_scale_inv", "._weight_scale"]).Select(suffix => module + suffix).FirstOrDefault(name => checkpoint.TryGetTensor(name, out _));
            if (scale is not null)
            {
                scales = Floats(checkpoint[scale]);
            }

            int height = scale is null || blockRows == 0 ? rows : blockRows;
            int width = scale is null || blockColumns == 0 ? columns : blockColumns;
            int across = (columns + width - 1) / width;
            Assert.Equal(across * ((rows + height - 1) / height), scales.Length);
            byte[] codes = tensor.Bytes.ToArray();
            meant[module] = [.. Enumerable.Range(0, rows).Select(r => Enumerable.Range(0, columns).Select(c => WeightScheme.Decode(type, codes[r * columns + c]) * scales[r / height * across + c / width]).ToArray())];
        }

        return meant;
    }

    static double[] Floats(TensorView tensor) => tensor.DataType switch
    {
        DataType.Float32 => [.. tensor.AsSpan<float>().ToArray().Select(value => (double)value)],
        DataType.BFloat16 => [.. MemoryMarshal.Cast<byte, ushort>(tensor.Bytes).ToArray().Select(bits => (double)BitConverter.UInt32BitsToSingle((uint)bits << 16))],
        DataType.UInt8 => [.. tensor.Bytes.ToArray().Select(code => Math.Pow(2, code - 127))],
        _ => throw new NotSupportedException($"{tensor.DataType}"),
    };
}
