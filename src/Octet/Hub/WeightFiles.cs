using System.Text.Json;

namespace Octet;

/// <summary>Which files hold the weights: one, or the shards that an index names.</summary>
static class WeightFiles
{
    internal const string Single = "model.safetensors";
    internal const string Index = "model.safetensors.index.json";
    internal const string Config = "config.json";

    /// <summary>More than any index has; a larger file is not read.</summary>
    internal const long LongestIndex = 100_000_000;

    /// <summary>Whether a directory has a config and all weights. The last link to come into a snapshot is the config's.</summary>
    internal static bool AreComplete(string directory)
    {
        if (RepositoryCache.Length(Path.Combine(directory, Config)) is null)
        {
            return false;
        }

        if (RepositoryCache.Length(Path.Combine(directory, Single)) is not null)
        {
            return true;
        }

        string index = Path.Combine(directory, Index);
        if (RepositoryCache.Length(index) is not (> 0 and <= LongestIndex))
        {
            return false;
        }

        try
        {
            IReadOnlyCollection<string> shards = Shards(File.ReadAllBytes(index));
            return shards.Count > 0 && shards.All(shard => RepositoryCache.IsPlainName(shard) && RepositoryCache.Length(Path.Combine(directory, shard)) is not null);
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>The names of the shards in an index, as they stand there.</summary>
    /// <exception cref="JsonException">It is not an index.</exception>
    internal static IReadOnlyCollection<string> Shards(ReadOnlyMemory<byte> json)
    {
        if (json.Span.StartsWith("\uFEFF"u8))
        {
            json = json["\uFEFF"u8.Length..];
        }

        var shards = new SortedSet<string>(StringComparer.Ordinal);
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object
                || !document.RootElement.TryGetProperty("weight_map", out JsonElement map)
                || map.ValueKind != JsonValueKind.Object)
            {
                throw new JsonException("there is no weight_map");
            }

            foreach (JsonProperty tensor in map.EnumerateObject())
            {
                shards.Add(tensor.Value.ValueKind == JsonValueKind.String ? tensor.Value.GetString()! : throw new JsonException("a tensor has no file name"));
            }
        }
        catch (InvalidOperationException e)
        {
            throw new JsonException("a name is not Unicode: half of a surrogate pair", e);
        }

        return shards;
    }
}
