using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;

namespace Octet.Tests.Reference;

/// <summary>
/// A checkpoint of any size that takes no disk: headers as published files have them, and data of holes, which read as zeros. Scales of
/// inputs, which must not be 0, are 1.
/// </summary>
static class SparseCheckpoint
{
    const long ShardBytes = 5_000_000_000;

    static readonly string[] s_inputScales = [".activation_scale", ".input_scale"];

    internal static void Write(string directory, IReadOnlyList<Tensor> tensors)
    {
        List<List<Tensor>> shards = [];
        long bytes = ShardBytes;
        foreach (Tensor tensor in tensors)
        {
            if (bytes + tensor.Bytes > ShardBytes)
            {
                shards.Add([]);
                bytes = 0;
            }

            shards[^1].Add(tensor);
            bytes += tensor.Bytes;
        }

        if (shards.Count == 1)
        {
            WriteFile(Path.Combine(directory, "model.safetensors"), shards[0]);
            return;
        }

        using FileStream index = File.Create(Path.Combine(directory, "model.safetensors.index.json"));
        using var json = new Utf8JsonWriter(index);
        json.WriteStartObject();
        json.WriteStartObject("weight_map");
        for (int i = 0; i < shards.Count; i++)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"model-{i + 1:d5}-of-{shards.Count:d5}.safetensors");
            WriteFile(Path.Combine(directory, name), shards[i]);
            foreach (Tensor tensor in shards[i])
            {
                json.WriteString(tensor.Name, name);
            }
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    static void WriteFile(string path, List<Tensor> tensors)
    {
        using var header = new MemoryStream();
        List<(Tensor Tensor, long Offset)> ones = [];
        long offset = 0;
        using (var json = new Utf8JsonWriter(header))
        {
            json.WriteStartObject();
            // Small ones lie together: around what is read of a file, systems read more, and holes take memory then.
            foreach (Tensor tensor in tensors.OrderBy(tensor => tensor.Bytes))
            {
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", tensor.Type);
                json.WriteStartArray("shape");
                Array.ForEach(tensor.Shape, json.WriteNumberValue);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset + tensor.Bytes);
                json.WriteEndArray();
                json.WriteEndObject();
                if (Array.Exists(s_inputScales, suffix => tensor.Name.EndsWith(suffix, StringComparison.Ordinal)))
                {
                    ones.Add((tensor, offset));
                }

                offset += tensor.Bytes;
            }

            json.WriteEndObject();
        }

        using FileStream file = File.Create(path);
        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(number, header.Length);
        file.Write(number);
        header.WriteTo(file);
        file.SetLength(8 + header.Length + offset);
        foreach ((Tensor tensor, long at) in ones)
        {
            BinaryPrimitives.WriteSingleLittleEndian(number, 1);
            file.Position = 8 + header.Length + at;
            file.Write(tensor.Type == "BF16" ? number[2..4] : number[..4]);
        }
    }

    /// <summary>A tensor by name, type (as safetensors spells it) and shape.</summary>
    internal sealed record Tensor(string Name, string Type, long[] Shape)
    {
        internal long Count { get; } = Shape.Aggregate(1L, (product, length) => checked(product * length));

        internal long Bytes => Count * (Type switch
        {
            "F32" => 4,
            "BF16" => 2,
            "F8_E4M3" or "U8" => 1,
            _ => throw new ArgumentException($"type {Type}"),
        });
    }
}
