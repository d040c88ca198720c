using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Measurements.Embeddings;

/// <summary>A model's directory with its float32 matrices rounded to bfloat16.</summary>
static class WideCopy
{
    internal static void Write(string source, string destination)
    {
        Directory.CreateDirectory(destination);
        foreach (string file in Directory.EnumerateFiles(source, "*.json", SearchOption.AllDirectories))
        {
            string to = Path.Combine(destination, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to);
        }

        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(source);
        SafetensorsWriter.Write(Path.Combine(destination, "model.safetensors"), checkpoint.Tensors.Select(Round));
    }

    static TensorSource Round(TensorView tensor)
    {
        if (tensor.DataType != DataType.Float32 || tensor.Shape.Length != 2)
        {
            return new TensorSource(tensor);
        }

        var rounded = new BFloat16[tensor.ElementCount];
        BFloat16.ConvertFromSingle(tensor.AsSpan<float>(), rounded);
        return TensorSource.Create<BFloat16>(tensor.Name, tensor.Shape, rounded);
    }
}
