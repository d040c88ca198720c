using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Octet.Server.Http;

namespace Octet.Server.Catalog;

/// <summary>All models of a server by their names.</summary>
sealed class ModelCatalog : IDisposable
{
    readonly OctetServerOptions _options;
    readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ModelCatalog(IOptions<OctetServerOptions> options, TimeProvider clock, ILogger<ModelCatalog> logger)
    {
        _options = options.Value;
        Entries = [.. _options.Models.Select(model => new CatalogEntry(model, clock, logger))];
        if (_options.LoadOnFirstUse)
        {
            _ready.SetResult();
        }
    }

    internal IReadOnlyList<CatalogEntry> Entries { get; }

    /// <summary>Ends when the models that are to be open are.</summary>
    internal Task Ready => _ready.Task;

    /// <summary>The model of a name; null: the default one.</summary>
    /// <param name="name">What the request says.</param>
    /// <param name="kind">What the endpoint needs, where nothing is said.</param>
    /// <exception cref="ApiException">There is no such model.</exception>
    internal CatalogEntry Find(string? name, ServedModelKind kind)
    {
        name ??= _options.DefaultModel;
        return name is null
            ? Entries.FirstOrDefault(entry => entry.Kind == kind) ?? Entries[0]
            : Entries.FirstOrDefault(entry => entry.Answers(name)) ?? throw new ApiException(
                StatusCodes.Status404NotFound,
                $"the model '{Shown(name)}' does not exist here: expected {Names()}", "model", "model_not_found");
    }

    /// <exception cref="ApiException">There is no such model, it is not open yet, or it cannot be opened.</exception>
    internal Task<ModelLease> AcquireAsync(string? name, ServedModelKind kind, CancellationToken cancellationToken)
    {
        CatalogEntry entry = Find(name, kind);
        return Ready.IsCompletedSuccessfully || entry.Loaded is not null
            ? entry.AcquireAsync(cancellationToken)
            : throw new ApiException(StatusCodes.Status503ServiceUnavailable, $"the model '{entry.Name}' is being loaded: try again shortly", "model", "model_loading") { RetryAfter = TimeSpan.FromSeconds(1) };
    }

    /// <summary>Opens all models, one after another.</summary>
    internal async Task LoadAllAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (CatalogEntry entry in Entries)
            {
                (await entry.AcquireAsync(cancellationToken)).Dispose();
            }

            _ready.TrySetResult();
        }
        catch (Exception error)
        {
            // Not as a refusal of a request, which it is not.
            Exception cause = error is ApiException { InnerException: { } inner } ? inner : error;
            _ready.TrySetException(cause);
            throw cause;
        }
    }

    public void Dispose()
    {
        foreach (CatalogEntry entry in Entries)
        {
            entry.Close();
        }
    }

    string Names() => Entries.Count == 1 ? $"'{Entries[0].Name}'" : $"one of {string.Join(", ", Entries.Select(entry => $"'{entry.Name}'"))}";

    static string Shown(string name) => name.Length <= 100 ? name : $"{name.AsSpan(0, 100)}...";
}
