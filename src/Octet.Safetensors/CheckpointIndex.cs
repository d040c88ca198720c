using System.Text.Json;

namespace Octet.Safetensors;

/// <summary>
/// The index of a sharded checkpoint (<c>model.safetensors.index.json</c>): which tensor lies in which shard. Its
/// <c>metadata</c> is skipped: <c>total_size</c> is absent, a float or stale in published checkpoints, and nothing rests on it.
/// </summary>
sealed class CheckpointIndex
{
    const long MaxLength = Header.MaxLength;

    readonly string _path;
    readonly Dictionary<string, string> _shardOf = [];

    CheckpointIndex(string path) => _path = path;

    /// <summary>Tensor name to shard file name, in the order of the index.</summary>
    internal IReadOnlyDictionary<string, string> ShardOf => _shardOf;

    internal static CheckpointIndex Read(string path)
    {
        CheckpointIndex index = new(path);
        ReadOnlySpan<byte> json = ReadAllBytes(path);
        if (json.StartsWith("\uFEFF"u8))
        {
            json = json["\uFEFF"u8.Length..];
        }

        try
        {
            index.ReadJson(json);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw index.Invalid(
                ForeignContent.Describe(json, json.Length, expectsJson: true) is { } foreign ? $"is not valid JSON: {foreign}" : "is not valid JSON: download it again", e);
        }

        return index;
    }

    static byte[] ReadAllBytes(string path)
    {
        string line = SafetensorsException.Line(path);
        try
        {
            long length = new FileInfo(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path).Length;
            return length is > 0 and <= MaxLength
                ? File.ReadAllBytes(path)
                : throw new SafetensorsException(
                    SafetensorsError.InvalidIndex, $"{line}: the index has {length} bytes, expected 1 to {MaxLength}: download it again", path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new SafetensorsException(SafetensorsError.FileNotFound, $"{line}: there is no such index file", path, innerException: e);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException and not SafetensorsException)
        {
            throw new SafetensorsException(
                SafetensorsError.IoError, $"{line}: the index cannot be read: {SafetensorsException.Line(e.Message)}", path, innerException: e);
        }
    }

    void ReadJson(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json);
        bool found = false;
        Next(ref reader);
        Require(ref reader, JsonTokenType.StartObject, "is not a JSON object");
        for (Next(ref reader); reader.TokenType != JsonTokenType.EndObject; Next(ref reader))
        {
            if (!reader.ValueTextEquals("weight_map"u8))
            {
                reader.Skip();
                continue;
            }

            if (found)
            {
                throw Invalid("has two weight_map");
            }

            found = true;
            Next(ref reader);
            ReadWeightMap(ref reader);
        }

        reader.Read();
        if (!found)
        {
            throw Invalid("has no weight_map");
        }
    }

    void ReadWeightMap(ref Utf8JsonReader reader)
    {
        Dictionary<string, string> shards = [];
        Require(ref reader, JsonTokenType.StartObject, "has a weight_map that is not an object");
        for (Next(ref reader); reader.TokenType != JsonTokenType.EndObject; Next(ref reader))
        {
            string tensor = reader.GetString()!;
            Next(ref reader);
            Require(ref reader, JsonTokenType.String, $"does not give a file name for tensor {SafetensorsException.Quote(tensor)}");
            string shard = reader.GetString()!;
            if (!shards.TryGetValue(shard, out string? known))
            {
                if (!IsPlainFileName(shard))
                {
                    throw Invalid(
                        $"names the shard {SafetensorsException.Quote(shard)} for tensor {SafetensorsException.Quote(tensor)}: a shard must be a plain file name beside the index");
                }

                shards.Add(shard, known = shard);
            }

            if (!_shardOf.TryAdd(tensor, known))
            {
                throw new SafetensorsException(
                    SafetensorsError.DuplicateName,
                    $"{SafetensorsException.Line(_path)}: the index names tensor {SafetensorsException.Quote(tensor)} twice",
                    _path,
                    tensor);
            }
        }
    }

    // Refused on every system alike, so that a checkpoint does not open on one and reach outside on another.
    static bool IsPlainFileName(string name) =>
        name is not ("" or "." or "..") && name.AsSpan().IndexOfAny("/\\:\0") < 0;

    static void Next(ref Utf8JsonReader reader)
    {
        if (!reader.Read())
        {
            throw new JsonException("the text ends early");
        }
    }

    void Require(ref Utf8JsonReader reader, JsonTokenType expected, string problem)
    {
        if (reader.TokenType != expected)
        {
            throw Invalid(problem);
        }
    }

    SafetensorsException Invalid(string problem, Exception? inner = null) =>
        new(SafetensorsError.InvalidIndex, $"{SafetensorsException.Line(_path)}: the index {problem}", _path, innerException: inner);
}
