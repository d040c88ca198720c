using System.Text.Json;
using Octet.Numerics;

namespace Octet.Safetensors.Tests;

public class ShardTests
{
    static TensorSource Tensor(string name, int size) => new(name, DataType.UInt8, [size], Enumerable.Repeat((byte)name[^1], size).ToArray());

    static IReadOnlyList<string> Write(string directory, long maxShardSize, params TensorSource[] tensors) => SafetensorsWriter.WriteSharded(
        directory, tensors, new SafetensorsWriterOptions { MaxShardSize = maxShardSize }, TestContext.Current.CancellationToken);

    [Fact]
    public void Shards_are_filled_in_order_and_listed_in_an_index()
    {
        using TemporaryDirectory directory = new();

        IReadOnlyList<string> written = Write(directory.Path, 10, Tensor("b", 6), Tensor("a", 4), Tensor("d", 1), Tensor("c", 9), Tensor("e", 1));

        Assert.Equal(
            ["model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors", "model.safetensors.index.json"],
            written.Select(path => Path.GetFileName(path)));
        Assert.Equal(directory.FileNames, written.Select(path => Path.GetFileName(path)));
        Assert.Equal(
            """
            {
              "metadata": {
                "total_parameters": 21,
                "total_size": 21
              },
              "weight_map": {
                "a": "model-00001-of-00003.safetensors",
                "b": "model-00001-of-00003.safetensors",
                "c": "model-00002-of-00003.safetensors",
                "d": "model-00002-of-00003.safetensors",
                "e": "model-00003-of-00003.safetensors"
              }
            }

            """.ReplaceLineEndings("\n"),
            File.ReadAllText(written[^1]));
    }

    [Fact]
    public void The_index_counts_elements_not_bytes()
    {
        using TemporaryDirectory directory = new();

        // Three of 16 bits, eight of 4 bits, a scalar, none.
        Write(directory.Path, 4, new("a", DataType.BFloat16, [3], new byte[6]), new("b", DataType.Float4E2M1FN, [2, 4], new byte[4]), new("c", DataType.Float32, [], new byte[4]), new("d", DataType.Int64, [0, 9], ReadOnlyMemory<byte>.Empty));

        using JsonDocument index = JsonDocument.Parse(File.ReadAllText(directory.At("model.safetensors.index.json")));
        Assert.Equal(12, index.RootElement.GetProperty("metadata").GetProperty("total_parameters").GetInt64());
        Assert.Equal(14, index.RootElement.GetProperty("metadata").GetProperty("total_size").GetInt64());
    }

    [Fact]
    public void What_is_sharded_is_read_as_one_checkpoint()
    {
        using TemporaryDirectory directory = new();
        TensorSource[] tensors = [.. Enumerable.Range(0, 26).Select(i => Tensor($"t.{(char)('a' + i)}", i))];
        Write(directory.At("new"), 40, tensors);

        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(directory.At("new"));

        Assert.True(checkpoint.Files.Count > 5);
        Assert.Equal(325, checkpoint.TotalBytes);
        Assert.Equal("pt", checkpoint.Metadata["format"]);
        Assert.All(checkpoint.Files, file => Assert.True(file.Tensors.Sum(tensor => tensor.ByteLength) <= 40));
        Assert.All(tensors, tensor => Assert.Equal(new byte[tensor.ByteLength].Select(_ => (byte)tensor.Name[^1]), checkpoint[tensor.Name].Bytes.ToArray()));
    }

    [Fact]
    public void A_tensor_larger_than_a_shard_gets_its_own_before_the_one_being_filled()
    {
        List<List<TensorSource>> shards = ShardedWriter.Cut([Tensor("a", 3), Tensor("b", 50), Tensor("c", 3), Tensor("d", 10)], 10);

        Assert.Equal(["b", "ac", "d"], shards.Select(shard => string.Concat(shard.Select(tensor => tensor.Name))));
    }

    [Fact]
    public void What_fits_in_one_shard_is_one_file_without_an_index()
    {
        using TemporaryDirectory directory = new();

        Write(directory.Path, 10, Tensor("a", 6), Tensor("b", 4));

        Assert.Equal(["model.safetensors"], directory.FileNames);
    }

    [Fact]
    public void An_earlier_checkpoint_is_replaced_whole_and_other_files_stay()
    {
        using TemporaryDirectory directory = new();
        File.WriteAllText(directory.At("config.json"), "{}");
        File.WriteAllText(directory.At("model-notes.safetensors"), "");
        Write(directory.Path, 1, Tensor("a", 1), Tensor("b", 1), Tensor("c", 1));
        Write(directory.Path, 2, Tensor("a", 1), Tensor("b", 1), Tensor("c", 1));
        Assert.Equal(
            ["config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model-notes.safetensors", "model.safetensors.index.json"],
            directory.FileNames);

        Write(directory.Path, 100, Tensor("z", 1));

        Assert.Equal(["config.json", "model-notes.safetensors", "model.safetensors"], directory.FileNames);
    }

    [Fact]
    public void A_failure_in_the_last_shard_leaves_the_earlier_checkpoint()
    {
        using TemporaryDirectory directory = new();
        Write(directory.Path, 1, Tensor("a", 1), Tensor("b", 1));
        TensorSource failing = new("c", DataType.UInt8, [1], _ => throw new InvalidTimeZoneException());

        Assert.Throws<InvalidTimeZoneException>(() => Write(directory.Path, 1, Tensor("x", 1), failing));

        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(directory.Path);
        Assert.Equal(["a", "b"], checkpoint.Tensors.Select(tensor => tensor.Name));
        Assert.Equal(3, directory.FileNames.Length);
    }

    [Fact]
    public void Equal_names_in_different_shards_are_refused_before_anything_is_written()
    {
        using TemporaryDirectory directory = new();

        SafetensorsException refused = Assert.Throws<SafetensorsException>(() => Write(directory.Path, 1, Tensor("a", 1), Tensor("a", 1)));

        Assert.Equal(SafetensorsError.DuplicateName, refused.Error);
        Assert.Empty(directory.FileNames);
    }
}
