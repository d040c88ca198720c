using System.Globalization;
using System.Runtime.InteropServices;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Tests.Quantization;

/// <summary>A model whose experts are in one tensor, written once more with every matrix of them under a name of its own: cut and turned here, bits for bits.</summary>
static class ExpertsApart
{
    /// <param name="source">The model, one file.</param>
    /// <param name="destination">The directory to be made.</param>
    /// <param name="inputsFirst">Whether the matrices lie there inputs first.</param>
    internal static void Write(string source, string destination, bool inputsFirst)
    {
        Directory.CreateDirectory(destination);
        foreach (string file in Directory.GetFiles(source, "*.json"))
        {
            File.Copy(file, Path.Combine(destination, Path.GetFileName(file)));
        }

        using SafetensorsFile stored = SafetensorsFile.Open(Path.Combine(source, "model.safetensors"));
        SafetensorsWriter.Write(
            Path.Combine(destination, "model.safetensors"),
            [.. stored.Tensors.SelectMany(tensor => Parts(stored, tensor, inputsFirst))],
            cancellationToken: TestContext.Current.CancellationToken);
    }

    /// <summary>The matrix of one expert as it is stored apart: shape and bytes.</summary>
    internal static (long[] Shape, byte[] Bytes) Matrix(TensorView tensor, int expert, bool inputsFirst, int part, int parts)
    {
        (long lines, long width) = (tensor.Shape[1], tensor.Shape.Length > 2 ? tensor.Shape[2] : 1);
        int size = tensor.DataType.BitSize() / 8;
        ReadOnlySpan<byte> all = tensor.Bytes.Slice((int)(expert * lines * width * size), (int)(lines * width * size));
        (long rows, long columns) = inputsFirst ? (width, lines) : (lines, width);
        parts = rows == 1 ? 1 : parts;
        long count = rows / parts;
        long first = parts == 1 ? 0 : part * count;
        byte[] bytes = new byte[count * columns * size];
        for (long row = 0; row < count; row++)
        {
            for (long column = 0; column < columns; column++)
            {
                long from = inputsFirst ? (column * width) + first + row : ((first + row) * width) + column;
                all.Slice((int)(from * size), size).CopyTo(bytes.AsSpan((int)(((row * columns) + column) * size)));
            }
        }

        return ([count, columns], bytes);
    }

    static IEnumerable<TensorSource> Parts(SafetensorsFile file, TensorView tensor, bool inputsFirst)
    {
        (string Tensor, string Apart, string[] Layers)[] known =
        [
            (".experts.gate_up_proj", ".experts.", ["gate_proj", "up_proj"]), (".experts.down_proj", ".experts.", ["down_proj"]),
            (".block_sparse_moe.input_linear.weight", ".block_sparse_moe.experts.", ["gate_proj", "up_proj"]), (".block_sparse_moe.output_linear.weight", ".block_sparse_moe.experts.", ["down_proj"]),
        ];
        foreach ((string name, string apart, string[] layers) in known)
        {
            int at = tensor.Name.IndexOf(name, StringComparison.Ordinal);
            if (at < 0)
            {
                continue;
            }

            string rest = tensor.Name[(at + name.Length)..];
            if (rest == "_activation_scale")
            {
                return [];
            }

            int experts = (int)tensor.Shape[0];
            return [.. from expert in Enumerable.Range(0, experts)
                       from layer in layers
                       let matrix = Matrix(tensor, expert, inputsFirst, Array.IndexOf(layers, layer), layers.Length)
                       let isOne = rest.Length > 0 && matrix.Shape is [1, 1] && tensor.ElementCount == experts
                       select new TensorSource(
                           string.Create(CultureInfo.InvariantCulture, $"{tensor.Name[..at]}{apart}{expert}.{layer}.weight{rest}"), tensor.DataType, isOne ? [] : matrix.Shape, matrix.Bytes)];
        }

        return [new TensorSource(tensor.Name, tensor.DataType, tensor.Shape.ToArray(), tensor.Bytes.ToArray())];
    }

    /// <summary>The numbers of a wide tensor.</summary>
    internal static float[] Floats(TensorView tensor)
    {
        float[] values = new float[tensor.ElementCount];
        BFloat16.ConvertToSingle(MemoryMarshal.Cast<byte, BFloat16>(tensor.Bytes), values);
        return values;
    }
}
