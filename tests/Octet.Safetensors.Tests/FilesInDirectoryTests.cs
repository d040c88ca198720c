using Octet.Numerics;

namespace Octet.Safetensors.Tests;

/// <summary>Which of a directory's files are the checkpoint, where neither model.safetensors nor its index is there.</summary>
public sealed class FilesInDirectoryTests : IDisposable
{
    readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("model-00001-of-00001.safetensors")]
    [InlineData("qwen3-fp8.safetensors")]
    [InlineData("consolidated.safetensors")]
    [InlineData("model-1-of-3.safetensors", "model-2-of-3.safetensors", "model-3-of-3.safetensors")]
    [InlineData("a-b-00002-of-00002.safetensors", "a-b-00001-of-00002.safetensors")]
    [InlineData("model-00000-of-00002.safetensors", "model-00001-of-00002.safetensors")]
    public void One_file_of_any_name_and_all_shards_of_a_number_are_opened(params string[] names)
    {
        Write(names);

        using var checkpoint = SafetensorsCheckpoint.Open(_directory.Path);

        Assert.Equal(names.Order(StringComparer.Ordinal), checkpoint.Files.Select(file => Path.GetFileName(file.Path)));
        Assert.Equal(names.Order(StringComparer.Ordinal), checkpoint.Tensors.Select(tensor => tensor.Name));
        Assert.Equal(names.Length > 1 ? _directory.Path : _directory.At(names[0]), checkpoint.Path);
    }

    [Fact]
    public void An_index_of_another_name_is_read()
    {
        Write("diffusion-00001-of-00002.safetensors", "diffusion-00002-of-00002.safetensors");
        File.WriteAllText(
            _directory.At("diffusion.safetensors.index.json"),
            """{"weight_map":{"diffusion-00001-of-00002.safetensors":"diffusion-00001-of-00002.safetensors","diffusion-00002-of-00002.safetensors":"diffusion-00002-of-00002.safetensors"}}""");

        using var checkpoint = SafetensorsCheckpoint.Open(_directory.Path);

        Assert.Equal(_directory.At("diffusion.safetensors.index.json"), checkpoint.Path);
        Assert.Equal(2, checkpoint.Tensors.Count);
    }

    [Theory]
    [InlineData("shards, without an index, 'model-00002-of-00003.safetensors' is missing", SafetensorsError.MissingShard, "model-00001-of-00003.safetensors", "model-00003-of-00003.safetensors")]
    [InlineData("'model-00001-of-00004.safetensors', 'model-00003-of-00004.safetensors' are missing", SafetensorsError.MissingShard, "model-00002-of-00004.safetensors", "model-00004-of-00004.safetensors")]
    [InlineData("and 1 more are missing", SafetensorsError.MissingShard, "model-000000001-of-999999999.safetensors")]
    [InlineData("'a.safetensors', 'b.safetensors'", SafetensorsError.FileNotFound, "a.safetensors", "b.safetensors")]
    [InlineData("rename it to model.safetensors", SafetensorsError.FileNotFound, "a.safetensors", "x-00001-of-00001.safetensors")]
    [InlineData("an adapter (LoRA)", SafetensorsError.FileNotFound, "adapter_model.safetensors")]
    [InlineData("nor another safetensors file", SafetensorsError.FileNotFound, "readme.txt")]
    [InlineData("pickle", SafetensorsError.FileNotFound, "pytorch_model.bin")]
    [InlineData("'model.gguf' is not read", SafetensorsError.FileNotFound, "model.gguf")]
    public void What_cannot_be_opened_is_named_with_what_to_do(string fragment, SafetensorsError error, params string[] names)
    {
        Write(names);

        SafetensorsException e = Assert.Throws<SafetensorsException>(() => SafetensorsCheckpoint.Open(_directory.Path));

        Assert.Equal(error, e.Error);
        Assert.Contains(fragment, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_adapter_beside_a_model_is_left_alone()
    {
        Write("adapter_model.safetensors", "weights.safetensors");

        using var checkpoint = SafetensorsCheckpoint.Open(_directory.Path);

        Assert.Equal(_directory.At("weights.safetensors"), checkpoint.Path);
    }

    [Fact]
    public void A_tensor_in_two_shards_without_an_index_is_refused()
    {
        foreach (string name in (string[])["m-1-of-2.safetensors", "m-2-of-2.safetensors"])
        {
            SafetensorsWriter.Write(_directory.At(name), [new TensorSource("t", DataType.UInt8, [1], new byte[1])], cancellationToken: TestContext.Current.CancellationToken);
        }

        Assert.Equal(SafetensorsError.DuplicateName, Assert.Throws<SafetensorsException>(() => SafetensorsCheckpoint.Open(_directory.Path)).Error);
    }

    /// <summary>Files with one tensor, called as the file is.</summary>
    void Write(params string[] names)
    {
        foreach (string name in names)
        {
            SafetensorsWriter.Write(_directory.At(name), [new TensorSource(name, DataType.UInt8, [1], new byte[1])], cancellationToken: TestContext.Current.CancellationToken);
        }
    }
}
