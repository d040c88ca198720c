using Microsoft.Extensions.Logging;
using Octet.Server.Http;

namespace Octet.Server.Catalog;

/// <summary>A served model: open or not, and who uses it.</summary>
/// <param name="model">The model.</param>
/// <param name="clock">Tells how long nobody has used it.</param>
/// <param name="logger">Is told that it has been opened.</param>
sealed partial class CatalogEntry(ServedModel model, TimeProvider clock, ILogger logger)
{
    readonly Lock _gate = new();
    Task<LoadedModel>? _loading;
    int _users;
    bool _pinned;
    bool _closed;
    long _idleSince = clock.GetTimestamp();

    internal ServedModel Model => model;

    internal string Name => model.Name;

    internal DateTimeOffset Created { get; } = clock.GetUtcNow();

    /// <summary>The model where it is open; null where it is not, or not yet.</summary>
    internal LoadedModel? Loaded
    {
        get
        {
            lock (_gate)
            {
                return _loading is { IsCompletedSuccessfully: true } done ? done.Result : null;
            }
        }
    }

    /// <summary>What it is used as, as far as that is known without opening it.</summary>
    internal ServedModelKind Kind => Loaded?.Kind ?? model.Kind ?? ModelLoader.KindOf(model.Path);

    internal bool Answers(string name) => model.Name == name || model.Aliases.Contains(name, StringComparer.Ordinal);

    /// <summary>Opens the model if it is not open, and holds it. Several callers wait for one opening, which goes on when one of them leaves.</summary>
    internal async Task<ModelLease> AcquireAsync(CancellationToken cancellationToken)
    {
        Task<LoadedModel> loading;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            _users++;

            // What failed is tried again: a disk or a network may be back.
            loading = _loading is null or { IsFaulted: true } or { IsCanceled: true } ? _loading = LoadAsync() : _loading;
        }

        try
        {
            return new ModelLease(this, await loading.WaitAsync(cancellationToken));
        }
        catch (Exception error)
        {
            Return();
            throw error is ModelException or ModelHubException or IOException
                ? new ApiException(StatusCodes.Status503ServiceUnavailable, $"the model '{Name}' cannot be opened: {error.Message}", "model", "model_not_loaded", error)
                : error;
        }
    }

    /// <summary>Opens the model for the life of the process; whoever has it is never left without it.</summary>
    internal LoadedModel Pin()
    {
        lock (_gate)
        {
            _pinned = true;
        }

        using ModelLease lease = AcquireAsync(CancellationToken.None).GetAwaiter().GetResult();
        return lease.Model;
    }

    internal void Return()
    {
        LoadedModel? unused = null;
        lock (_gate)
        {
            _idleSince = clock.GetTimestamp();
            if (--_users == 0 && _closed)
            {
                unused = TakeLoaded();
            }
        }

        unused?.Dispose();
    }

    /// <summary>Closes the model if nobody has used it for so long.</summary>
    /// <returns>Whether it was closed.</returns>
    internal bool CloseIfIdle(TimeSpan idle)
    {
        LoadedModel? unused;
        lock (_gate)
        {
            unused = _users == 0 && !_pinned && clock.GetElapsedTime(_idleSince) >= idle ? TakeLoaded() : null;
        }

        unused?.Dispose();
        return unused is not null;
    }

    /// <summary>Closes the model for good, now or when its last user has left.</summary>
    internal void Close()
    {
        LoadedModel? unused;
        lock (_gate)
        {
            _closed = true;
            unused = _users == 0 ? TakeLoaded() : null;
        }

        unused?.Dispose();
    }

    async Task<LoadedModel> LoadAsync()
    {
        long begun = clock.GetTimestamp();
        LoadedModel loaded = await ModelLoader.LoadAsync(model, CancellationToken.None);
        double seconds = clock.GetElapsedTime(begun).TotalSeconds;
        if (loaded.Language is { } language)
        {
            LogOpened(Name, seconds, language.ContextLength, loaded.CacheTokens, language.Statistics.PagesTotal, language.KvCacheBytes, language.Device);
        }
        else
        {
            LogOpenedEncoder(Name, seconds, loaded.MaxTokens);
        }

        return loaded;
    }

    LoadedModel? TakeLoaded()
    {
        LoadedModel? loaded = _loading is { IsCompletedSuccessfully: true } done ? done.Result : null;
        _loading = loaded is null ? _loading : null;
        return loaded;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "model {Model} opened in {Seconds:0.0} s: context {Context} tokens, cache up to {CacheTokens} tokens in {Pages} pages, {Bytes} bytes, {Device}")]
    partial void LogOpened(string model, double seconds, int context, long cacheTokens, int pages, long bytes, string device);

    [LoggerMessage(Level = LogLevel.Information, Message = "model {Model} opened in {Seconds:0.0} s: texts up to {Tokens} tokens")]
    partial void LogOpenedEncoder(string model, double seconds, int tokens);
}
