namespace Octet;

/// <summary>
/// Models by their ids: finds them in the cache that all Hugging Face tools share, and downloads what is missing. The cache's layout is
/// that of huggingface_hub (guides/manage-cache), so Python tools find what this class downloads, and it finds what they have. Safe to
/// use from several threads, and by several processes on one cache.
/// </summary>
public sealed class ModelHub : IDisposable
{
    /// <summary>Reads the options, and the environment for what they leave open. Nothing is sent or created.</summary>
    /// <exception cref="ModelHubException">A value of the environment cannot be used.</exception>
    public ModelHub(ModelHubOptions? options = null)
    {
        options ??= new ModelHubOptions();
        HubEnvironment environment = HubEnvironment.OfProcess;
        CacheDirectory = options.CacheDirectory is null ? environment.CacheDirectory : Path.GetFullPath(options.CacheDirectory);
        IsOffline = options.Offline ?? environment.IsOffline;
    }

    /// <summary>The cache.</summary>
    public string CacheDirectory { get; }

    /// <summary>Whether the network is not used.</summary>
    public bool IsOffline { get; }

    /// <summary>Finds a model in the cache, without the network.</summary>
    /// <param name="id">The model.</param>
    /// <returns>The directory of its snapshot, if config and all weights are there; else null.</returns>
    public string? Find(ModelId id) => throw new NotSupportedException();

    /// <summary>Asks the hub what a model consists of. Nothing is written.</summary>
    /// <exception cref="ModelHubException">The hub does not tell, or the repository holds no model that is safe to open.</exception>
    public Task<ModelListing> ListFilesAsync(ModelId id, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>
    /// Brings a model into the cache: what is missing is downloaded, in parts that survive a killed process, and checked against the hub's
    /// hashes. The snapshot appears when all of it is there.
    /// </summary>
    /// <param name="id">The model.</param>
    /// <param name="progress">Is told how far the download is, a few times a second, from several threads, one at a time.</param>
    /// <param name="cancellationToken">Ends the download; what is finished of it stays for the next one.</param>
    /// <returns>The snapshot's directory.</returns>
    /// <exception cref="ModelHubException">The model cannot be had; see <see cref="ModelHubException.Error"/>.</exception>
    public Task<string> PullAsync(ModelId id, IProgress<DownloadProgress>? progress = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>The models in the cache, in the order of their names.</summary>
    public IReadOnlyList<CachedModel> List() => throw new NotSupportedException();

    /// <summary>
    /// Removes a model from the cache: one revision where the id names one, with what no other revision uses; else all of the repository.
    /// </summary>
    /// <returns>The bytes freed.</returns>
    /// <exception cref="ModelHubException">It is not there, is being downloaded, or cannot be removed.</exception>
    public long Remove(ModelId id) => throw new NotSupportedException();

    /// <summary>Closes the connections.</summary>
    public void Dispose()
    {
    }
}
