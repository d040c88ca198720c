using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Octet.Safetensors;

/// <summary>
/// Shards and their index as huggingface_hub (<c>serialization/_base.py</c>) cuts and names them, with the number of elements as
/// transformers adds it. Tensors that share bytes stay together: they are one.
/// </summary>
static partial class ShardedWriter
{
    internal static IReadOnlyList<string> Write(
        string directory, IEnumerable<TensorSource> tensors, SafetensorsWriterOptions options, CancellationToken cancellationToken)
    {
        List<List<TensorSource>> shards = Cut(FileContent.Distinct(tensors), options.MaxShardSize);
        FileContent[] contents = [.. shards.Select(shard => FileContent.Create(shard, options))];
        Create(directory);
        List<string> paths = [];
        List<AtomicFile> files = [];
        try
        {
            foreach (FileContent content in contents)
            {
                Begin(Path.Combine(directory, Name(paths.Count, shards.Count)), content.Length);
                content.WriteTo(files[^1].Stream, paths[^1], cancellationToken);
                files[^1].Complete();
            }

            if (shards.Count > 1)
            {
                ReadOnlyMemory<byte> index = Index(shards);
                Begin(Path.Combine(directory, SafetensorsCheckpoint.IndexName), index.Length);
                files[^1].Stream.Write(index.Span);
                files[^1].Complete();
            }

            cancellationToken.ThrowIfCancellationRequested();
            files.ForEach(file => file.Commit());
        }
        finally
        {
            files.ForEach(file => file.Dispose());
        }

        RemoveStale(directory, paths);
        return paths.AsReadOnly();

        void Begin(string path, long length)
        {
            files.Add(new AtomicFile(path, length));
            paths.Add(path);
        }
    }

    /// <summary>
    /// Greedy, in the order given. A tensor larger than a shard gets one of its own, placed before the shard that was being
    /// filled, which goes on being filled: that is how the Python library numbers them.
    /// </summary>
    internal static List<List<TensorSource>> Cut(TensorSource[] tensors, long maxShardSize)
    {
        List<List<TensorSource>> shards = [];
        List<TensorSource> current = [];
        long size = 0;
        foreach (TensorSource tensor in tensors)
        {
            if (tensor.ByteLength > maxShardSize)
            {
                shards.Add([tensor]);
                continue;
            }

            if (tensor.ByteLength > maxShardSize - size)
            {
                shards.Add(current);
                current = [];
                size = 0;
            }

            current.Add(tensor);
            size += tensor.ByteLength;
        }

        if (current.Count > 0 || shards.Count == 0)
        {
            shards.Add(current);
        }

        return shards;
    }

    internal static string Name(int index, int count) => count == 1
        ? SafetensorsCheckpoint.SingleName
        : string.Create(CultureInfo.InvariantCulture, $"model-{index + 1:d5}-of-{count:d5}.safetensors");

    internal static ReadOnlyMemory<byte> Index(List<List<TensorSource>> shards)
    {
        ArrayBufferWriter<byte> buffer = new();
        JsonWriterOptions layout = new()
        {
            Indented = true,
            IndentSize = 2,
            NewLine = "\n",
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };
        using (Utf8JsonWriter json = new(buffer, layout))
        {
            json.WriteStartObject();
            json.WriteStartObject("metadata");
            json.WriteNumber("total_parameters", shards.Sum(shard => shard.Sum(tensor => tensor.ElementCount)));
            json.WriteNumber("total_size", shards.Sum(shard => shard.Sum(tensor => tensor.ByteLength)));
            json.WriteEndObject();
            json.WriteStartObject("weight_map");
            var entries = shards.SelectMany((shard, i) => shard.Select(tensor => (tensor.Name, File: Name(i, shards.Count))));
            foreach ((string name, string file) in entries.OrderBy(entry => entry.Name, Utf8Order.Instance))
            {
                json.WriteString(name, file);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenMemory;
    }

    internal static void Create(string directory)
    {
        try
        {
            Directory.CreateDirectory(directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw AtomicFile.Failed(directory, e);
        }
    }

    internal static void RemoveStale(string directory, List<string> written)
    {
        try
        {
            foreach (string path in Directory.EnumerateFiles(directory, "model*").Except(written))
            {
                string name = Path.GetFileName(path);
                if (name is SafetensorsCheckpoint.SingleName or SafetensorsCheckpoint.IndexName || ShardName.IsMatch(name))
                {
                    File.Delete(path);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw AtomicFile.Failed(directory, e);
        }
    }

    [GeneratedRegex(@"^model-[0-9]{5}-of-[0-9]{5}\.safetensors\z", RegexOptions.CultureInvariant)]
    static partial Regex ShardName { get; }
}
