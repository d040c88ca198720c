namespace Octet;

/// <summary>What the name of a model means: a directory, or else an id.</summary>
static class ModelLocation
{
    /// <summary>The model's directory, without the network.</summary>
    /// <exception cref="ModelException">There is none.</exception>
    internal static string Find(string model)
    {
        if (Id(model) is not ModelId id)
        {
            return model;
        }

        using ModelHub hub = new();
        return hub.Find(id) ?? throw new ModelException(
            ModelError.NotFound,
            $"there is no directory {model}, and the cache {hub.CacheDirectory} does not hold all of a model of that id{hub.Here(id)}: download it (octet pull {id}, or {nameof(ModelHub)}.{nameof(ModelHub.PullAsync)})",
            model);
    }

    /// <summary>The model's directory, downloaded where the cache does not have it.</summary>
    /// <exception cref="ModelHubException">It cannot be downloaded.</exception>
    internal static async Task<string> PullAsync(string model, IProgress<DownloadProgress>? progress, CancellationToken cancellationToken)
    {
        if (Id(model) is not ModelId id)
        {
            return model;
        }

        using ModelHub hub = new();
        return hub.Find(id) ?? await hub.PullAsync(id, progress, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What the model of a directory is called: the id of the repository whose snapshot it is, or the name of the directory.</summary>
    internal static string Name(string directory)
        => RepositoryCache.OfSnapshot(directory)?.Cache.Repository ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory)));

    /// <summary>Whether a name means the model of a directory: its own, or its id with a revision that stands for the snapshot's commit.</summary>
    internal static bool Answers(string directory, string name)
        => name == Name(directory)
            || (RepositoryCache.OfSnapshot(directory) is var (cache, commit) && ModelId.TryParse(name, out ModelId? id) && id.Repository == cache.Repository && cache.Commit(id) == commit);

    /// <summary>The directory with the config and the tokenizer, and what holds the weights: the directory too, or a file in it that was named itself.</summary>
    internal static (string Directory, string Weights) Parts(string model) => IsWeightFile(model) ? (Path.GetDirectoryName(Path.GetFullPath(model))!, model) : (model, model);

    /// <summary>Whether a path names a safetensors file, or an index of several.</summary>
    internal static bool IsWeightFile(string path) => File.Exists(path)
        && (path.EndsWith(WeightFileNames.Extension, StringComparison.OrdinalIgnoreCase) || path.EndsWith(WeightFileNames.IndexExtension, StringComparison.OrdinalIgnoreCase));

    // What exists wins; what can be no id is left to the reader of directories, which says what it misses there.
    static ModelId? Id(string model)
    {
        ArgumentException.ThrowIfNullOrEmpty(model);
        return !Directory.Exists(model) && !File.Exists(model) && ModelId.TryParse(model, out ModelId? id) ? id : null;
    }
}
