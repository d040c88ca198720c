using BenchmarkDotNet.Attributes;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Benchmarks;

/// <summary>Opening a file, by the number of its tensors; nothing but the header is read.</summary>
public class SafetensorsBenchmarks
{
    string _path = "";

    [Params(400, 40_000)]
    public int Tensors { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.safetensors");
        byte[] data = new byte[64];
        SafetensorsWriter.Write(_path, Enumerable.Range(0, Tensors).Select(i =>
            new TensorSource($"model.layers.{i / 10}.mlp.experts.{i % 10}.down_proj.weight", DataType.Float8E4M3FN, [8, 8], data)));
    }

    [GlobalCleanup]
    public void Cleanup() => File.Delete(_path);

    [Benchmark]
    public int Open()
    {
        using SafetensorsFile file = SafetensorsFile.Open(_path);
        return file.Tensors.Count;
    }
}
