using System.Text.Json;

namespace Octet;

/// <summary>Which files hold the weights: one, or the shards that an index names.</summary>
static class WeightFiles
{
    internal const string Single = WeightFileNames.Single;
    internal const string Index = WeightFileNames.Index;
    internal const string Config = "config.json";

    /// <summary>More than any index has; a larger file is not read.</summary>
    internal const long LongestIndex = 100_000_000;

    /// <summary>Whether a directory has a config and all weights. The last link to come into a snapshot is the config's.</summary>
    internal static bool AreComplete(string directory) => Missing(directory) is null;

    /// <summary>What a directory lacks of a config and all weights, for a message: a file, and why; null: nothing.</summary>
    internal static string? Missing(string directory)
    {
        try
        {
            if (Absent(directory, Config) is { } config)
            {
                return config;
            }

            WeightFileNames.Choice choice = WeightFileNames.Choose(Directory.EnumerateFiles(directory).Select(file => Path.GetFileName(file)!));
            if (choice.IndexName is null)
            {
                return choice.Files.Length == 0 ? choice.Problem ?? $"{Single} is missing" : choice.Files.Select(file => Absent(directory, file)).FirstOrDefault(what => what is not null);
            }

            string index = Path.Combine(directory, choice.IndexName);
            if (Absent(directory, choice.IndexName) is { } absent)
            {
                return absent;
            }

            if (RepositoryCache.Length(index) is not (> 0 and <= LongestIndex))
            {
                return $"{choice.IndexName} is no index";
            }

            IReadOnlyCollection<string> shards = Shards(File.ReadAllBytes(index));
            return shards.Count == 0 ? $"{choice.IndexName} names no shards"
                : shards.Select(shard => RepositoryCache.IsPlainName(shard) ? Absent(directory, shard) : $"{choice.IndexName} names a shard outside").FirstOrDefault(what => what is not null);
        }
        catch (JsonException)
        {
            return $"{Index} is no index";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"it cannot be read ({OneLine.Of(e.Message)})";
        }
    }

    static string? Absent(string directory, string name)
    {
        string path = Path.Combine(directory, name);
        if (RepositoryCache.Length(path) is { } length)
        {
            // Too small for weights, and for most configs.
            return length is > 0 and <= ForeignContent.BeginningBytes && ForeignContent.StandIn(File.ReadAllBytes(path)) is { } standIn ? $"{OneLine.Of(name)} is not here: {standIn}" : null;
        }

        return new FileInfo(path).LinkTarget is { } target
            ? $"{OneLine.Of(name)} is a link to {OneLine.Of(target)}, which is not there"
            : $"{OneLine.Of(name)} is missing";
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
