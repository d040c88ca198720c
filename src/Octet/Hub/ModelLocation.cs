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
            $"there is no directory {model}, and the cache {hub.CacheDirectory} does not hold all of a model of that id: download it (octet pull {id}, or {nameof(ModelHub)}.{nameof(ModelHub.PullAsync)})",
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

    // What exists wins; what can be no id is left to the reader of directories, which says what it misses there.
    static ModelId? Id(string model)
    {
        ArgumentException.ThrowIfNullOrEmpty(model);
        return !Directory.Exists(model) && !File.Exists(model) && ModelId.TryParse(model, out ModelId? id) ? id : null;
    }
}
