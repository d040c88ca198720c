using System.Collections.Concurrent;
using System.Globalization;

namespace Octet;

/// <summary>
/// Models by their ids: finds them in the cache that all Hugging Face tools share, and downloads what is missing. The cache's layout is
/// that of huggingface_hub (guides/manage-cache), so Python tools find what this class downloads, and it finds what they have. Safe to
/// use from several threads, and by several processes on one cache.
/// </summary>
public sealed class ModelHub : IDisposable
{
    readonly ModelHubOptions _options;
    readonly HubEnvironment _environment;
    readonly Lazy<HubClient> _client;
    readonly ConcurrentDictionary<string, CheckedContent> _contents = new(StringComparer.Ordinal);

    /// <summary>Reads the options, and the environment for what they leave open. Nothing is sent or created.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public ModelHub(ModelHubOptions? options = null)
        : this(options ?? new ModelHubOptions(), HubEnvironment.OfProcess)
    {
    }

    internal ModelHub(ModelHubOptions options, HubEnvironment environment)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Connections, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Connections, 64, nameof(options));
        if (options.Timeout is { } timeout && (timeout <= TimeSpan.Zero || timeout > HubClient.LongestTimeout))
        {
            throw new ArgumentOutOfRangeException(
                nameof(options), string.Create(CultureInfo.InvariantCulture, $"{nameof(ModelHubOptions)}.{nameof(ModelHubOptions.Timeout)} is {timeout}; expected a time above zero, at most {HubClient.LongestTimeout}"));
        }

        _options = options;
        _environment = environment;
        _client = new(() => new HubClient(_options, _environment));
        CacheDirectory = options.CacheDirectory is null ? environment.CacheDirectory : Path.GetFullPath(options.CacheDirectory);
        IsOffline = options.Offline ?? environment.IsOffline;
    }

    /// <summary>The cache.</summary>
    public string CacheDirectory { get; }

    /// <summary>Whether the network is not used.</summary>
    public bool IsOffline { get; }

    /// <summary>Finds a model in the cache, without the network.</summary>
    /// <param name="id">The model; a revision may be the beginning of a commit, of 7 digits or more.</param>
    /// <returns>The directory of its snapshot, if config and all weights are there; else null.</returns>
    /// <exception cref="ModelHubException">The cache cannot be read.</exception>
    public string? Find(ModelId id)
    {
        RepositoryCache cache = Cache(id);
        return Guarded(() => cache.Commit(id) is string commit && WeightFiles.AreComplete(cache.Snapshot(commit)) ? cache.Snapshot(commit) : null);
    }

    /// <summary>
    /// Asks the hub what a model consists of, and compares it with the cache: files there that were never hashed are, which is remembered.
    /// </summary>
    /// <param name="id">The model.</param>
    /// <param name="cancellationToken">Ends the requests.</param>
    /// <exception cref="ModelHubException">The hub does not tell, or the repository holds no model that is safe to open; see <see cref="ModelHubException.Error"/>.</exception>
    public Task<ModelListing> ListFilesAsync(ModelId id, CancellationToken cancellationToken = default)
    {
        RepositoryCache cache = Cache(id);
        RequireNetwork(id);
        return GuardedAsync(() => new ModelPull(_client.Value, cache, Content(cache), id, _options).ListAsync(cancellationToken));
    }

    /// <summary>
    /// Brings a model into the cache: what is missing, or not what its hash says, is downloaded, in parts that survive a killed process, and
    /// checked against the hub's hashes. The snapshot appears when all of it is there. Offline, what the cache has is all there is.
    /// </summary>
    /// <param name="id">The model.</param>
    /// <param name="progress">Is told how far the download is, a few times a second, from several threads, one at a time.</param>
    /// <param name="cancellationToken">Ends the download; what is finished of it stays for the next one.</param>
    /// <returns>The snapshot's directory.</returns>
    /// <exception cref="ModelHubException">The model cannot be had; see <see cref="ModelHubException.Error"/>.</exception>
    public Task<string> PullAsync(ModelId id, IProgress<DownloadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        RepositoryCache cache = Cache(id);
        if (IsOffline && Find(id) is string found)
        {
            return Task.FromResult(found);
        }

        RequireNetwork(id);
        return GuardedAsync(() => new ModelPull(_client.Value, cache, Content(cache), id, _options).RunAsync(!_environment.DisablesSymbolicLinks, progress, cancellationToken));
    }

    /// <summary>The models in the cache, in the order of their names; one that cannot be read with the reason (<see cref="CachedModel.Problem"/>).</summary>
    /// <exception cref="ModelHubException">The cache cannot be read.</exception>
    public IReadOnlyList<CachedModel> List() => Guarded<IReadOnlyList<CachedModel>>(() => [.. RepositoryCache.All(CacheDirectory).Select(CacheContents.Describe)]);

    /// <summary>
    /// Reads every file of a cached repository and compares it with its hash, whatever is remembered of it: for disks and file systems that
    /// are not trusted. The network is not used.
    /// </summary>
    /// <param name="model">The repository, as <see cref="List"/> gives it.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="ModelHubException">The cache cannot be read.</exception>
    public CacheCheck Verify(CachedModel model, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        var cache = new RepositoryCache(CacheDirectory, model.Repository);
        return Guarded(() => new CacheContents(cache).Check(Content(cache), cancellationToken));
    }

    /// <summary>
    /// Removes a model from the cache: one revision where the id names one, with what no other revision uses; else all of the repository.
    /// </summary>
    /// <param name="id">The model; a revision may be the beginning of a commit, of 7 digits or more.</param>
    /// <returns>The bytes that are free again: not those of files that other revisions use, or that have other names (hard links).</returns>
    /// <exception cref="ModelHubException">It is not there, is being downloaded, or cannot be removed.</exception>
    public long Remove(ModelId id)
    {
        RepositoryCache cache = Cache(id);
        return Guarded(() =>
        {
            if (!Directory.Exists(cache.Root))
            {
                throw new ModelHubException(ModelHubError.NotFound, $"the cache {CacheDirectory} does not hold {id.Repository}: octet list shows what it holds");
            }

            if (id.Revision is null)
            {
                return new CacheContents(cache).RemoveAll();
            }

            return cache.Commit(id) is string commit && Directory.Exists(cache.Snapshot(commit))
                ? new CacheContents(cache).Remove(commit)
                : throw new ModelHubException(ModelHubError.RevisionNotFound, $"the cache {CacheDirectory} holds {id.Repository}, but not the revision {id.Revision}: octet list shows what it holds");
        });
    }

    /// <summary>Closes the connections.</summary>
    public void Dispose()
    {
        if (_client.IsValueCreated)
        {
            _client.Value.Dispose();
        }
    }

    RepositoryCache Cache(ModelId id)
    {
        ArgumentNullException.ThrowIfNull(id);
        return new RepositoryCache(CacheDirectory, id.Repository);
    }

    CheckedContent Content(RepositoryCache cache) => _contents.GetOrAdd(cache.Root, _ => new CheckedContent(cache));

    void RequireNetwork(ModelId id)
    {
        if (IsOffline)
        {
            throw new ModelHubException(
                ModelHubError.Offline, $"the cache {CacheDirectory} does not hold all of {id}{Here(id)}, and the network must not be used (HF_HUB_OFFLINE, --offline): go online to download it");
        }
    }

    /// <summary>What there is instead of a model that <see cref="Find"/> does not find, for a message: in brackets, empty where there is nothing.</summary>
    internal string Here(ModelId id)
    {
        RepositoryCache cache = Cache(id);
        return Guarded(() =>
        {
            string? commit = cache.Commit(id);
            string[] commits = cache.Commits();
            List<string> facts = [];
            if (commit is not null && commits.Contains(commit))
            {
                facts.Add($"{id.RevisionOrMain} is {Short(commit)}, of which {WeightFiles.Missing(cache.Snapshot(commit))}");
            }
            else if (commit is not null)
            {
                facts.Add($"{id.RevisionOrMain} is {Short(commit)}, which is not here");
            }
            else if (commits.Length > 0)
            {
                facts.Add($"{id.RevisionOrMain} is not known here");
            }

            string[] complete = [.. commits.Where(other => other != commit && WeightFiles.AreComplete(cache.Snapshot(other))).Select(other => $"{id.Repository}@{Short(other)}")];
            if (complete.Length > 0)
            {
                facts.Add($"complete here, and to be used by {(complete.Length == 1 ? "this name" : "these names")}: {string.Join(", ", complete)}");
            }
            else if (commit is null)
            {
                facts.AddRange(commits.Select(other => $"{id.Repository}@{Short(other)} is incomplete: {WeightFiles.Missing(cache.Snapshot(other))}"));
            }

            return facts.Count == 0 ? "" : $" ({string.Join("; ", facts)})";
        });

        static string Short(string commit) => commit[..Math.Min(12, commit.Length)];
    }

    T Guarded<T>(Func<T> act)
    {
        try
        {
            return act();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(e);
        }
    }

    async Task<T> GuardedAsync<T>(Func<Task<T>> act)
    {
        try
        {
            return await act().ConfigureAwait(false);
        }
        catch (TransientFailure e)
        {
            throw e.Final;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(e);
        }
    }

    // ENOSPC and EDQUOT; ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL of Windows.
    ModelHubException Failed(Exception e) => e is IOException && (OperatingSystem.IsWindows() ? (e.HResult & 0xFFFF) is 112 or 39 : e.HResult is 28 or 122 or 69)
        ? new ModelHubException(ModelHubError.DiskFull, $"{CacheDirectory}: the disk is full: make room (octet list, octet remove), then try again; what is finished is kept", e)
        : new ModelHubException(ModelHubError.CacheUnusable, $"{CacheDirectory}: the cache cannot be used: {OneLine.Of(e.Message)}", e);
}
