using System.Buffers.Binary;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Octet.Numerics;
using Octet.Testing;

namespace Octet.Safetensors.Tests;

/// <summary>Headers and an index as published, over sparse files of the published size.</summary>
public class PublishedHeaderTests
{
    [Theory]
    [InlineData("Qwen3-4B-Instruct-2507-FP8", 651, 399, 5189976192)]
    [InlineData("Qwen3-0.6B-FP8", 507, 311, 1062916608)]
    public void A_published_header_opens_and_lists_what_its_json_says(string model, int tensors, int wide, long dataLength)
    {
        byte[] header = File.ReadAllBytes(Fixtures.Path("qwen3", model, "model.safetensors.header.json"));
        using TemporaryDirectory directory = new();
        WriteSparse(directory.At("model.safetensors"), header, dataLength);

        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(directory.Path);

        Assert.Equal(tensors, checkpoint.Tensors.Count);
        Assert.Equal(dataLength, checkpoint.TotalBytes);
        Assert.Equal("pt", checkpoint.Metadata["format"]);
        Assert.Equal(wide, checkpoint.Tensors.Count(tensor => tensor.DataType is DataType.Float16 or DataType.BFloat16));
        Assert.Equal(tensors - wide, checkpoint.Tensors.Count(tensor => tensor.DataType == DataType.Float8E4M3FN));
        foreach ((string name, JsonNode? entry) in Entries(header))
        {
            TensorView tensor = checkpoint[name];
            Assert.Equal(entry!["shape"]!.AsArray().Select(dimension => (long)dimension!), tensor.Shape.ToArray());
            Assert.Equal((long)entry["data_offsets"]![0]!, tensor.DataOffset);
            Assert.Equal((long)entry["data_offsets"]![1]!, tensor.DataOffset + tensor.ByteLength);
        }
    }

    [Fact]
    public void A_tensor_beyond_four_gigabytes_is_read_in_its_place()
    {
        byte[] header = File.ReadAllBytes(Fixtures.Path("qwen3", "Qwen3-4B-Instruct-2507-FP8", "model.safetensors.header.json"));
        using TemporaryDirectory directory = new();
        string path = directory.At("model.safetensors");
        WriteSparse(path, header, 5189976192);
        using (FileStream stream = File.OpenWrite(path))
        {
            stream.Seek(-3, SeekOrigin.End);
            stream.Write([7, 8, 9]);
        }

        using SafetensorsFile file = SafetensorsFile.Open(path);

        TensorView last = file.Tensors[^1];
        Assert.Equal([0, 7, 8, 9], last.Bytes[^4..].ToArray());
        Assert.Equal([7, 8, 9], last.Slice(last.ByteLength - 3, 3).ToArray());
    }

    [Fact]
    public void The_published_index_joins_its_two_shards()
    {
        string published = Fixtures.Path("qwen3", "model.safetensors.index.json");
        byte[] header = File.ReadAllBytes(Fixtures.Path("qwen3", "Qwen3-4B-Instruct-2507-FP8", "model.safetensors.header.json"));
        JsonNode index = JsonNode.Parse(File.ReadAllText(published))!;
        using TemporaryDirectory directory = new();
        File.Copy(published, directory.At("model.safetensors.index.json"));
        foreach (IGrouping<string, KeyValuePair<string, JsonNode?>> shard in Entries(header).GroupBy(entry => (string)index["weight_map"]![entry.Key]!))
        {
            WriteShard(directory.At(shard.Key), shard);
        }

        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(directory.Path);

        Assert.Equal(["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"], checkpoint.Files.Select(file => Path.GetFileName(file.Path)));
        Assert.Equal(651, checkpoint.Tensors.Count);
        Assert.Equal((long)index["metadata"]!["total_size"]!, checkpoint.TotalBytes);
        Assert.Equal("model-00002-of-00002.safetensors", Path.GetFileName(checkpoint["lm_head.weight"].File.Path));
    }

    [Fact]
    public void Opening_reads_the_header_only()
    {
        byte[] header = File.ReadAllBytes(Fixtures.Path("qwen3", "Qwen3-4B-Instruct-2507-FP8", "model.safetensors.header.json"));
        using TemporaryDirectory directory = new();
        string path = directory.At("model.safetensors");
        WriteSparse(path, header, 5189976192);
        SafetensorsFile.Open(path).Dispose();

        Stopwatch watch = Stopwatch.StartNew();
        SafetensorsFile.Open(path).Dispose();

        // Reading five gigabytes takes longer than this anywhere; opening takes about a millisecond.
        Assert.True(watch.ElapsedMilliseconds < 250, $"{watch.ElapsedMilliseconds} ms");
    }

    static JsonObject Entries(byte[] header)
    {
        JsonObject entries = JsonNode.Parse(header)!.AsObject();
        entries.Remove("__metadata__");
        return entries;
    }

    static void WriteShard(string path, IEnumerable<KeyValuePair<string, JsonNode?>> entries)
    {
        JsonObject header = [];
        long offset = 0;
        foreach ((string name, JsonNode? entry) in entries)
        {
            long length = (long)entry!["data_offsets"]![1]! - (long)entry["data_offsets"]![0]!;
            header[name] = new JsonObject
            {
                ["dtype"] = (string)entry["dtype"]!,
                ["shape"] = entry["shape"]!.DeepClone(),
                ["data_offsets"] = new JsonArray(offset, offset + length),
            };
            offset += length;
        }

        WriteSparse(path, System.Text.Encoding.UTF8.GetBytes(header.ToJsonString()), offset);
    }

    static void WriteSparse(string path, byte[] header, long dataLength)
    {
        using FileStream stream = File.Create(path);
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        stream.Write(header);
        stream.SetLength(8 + header.Length + dataLength);
    }
}
