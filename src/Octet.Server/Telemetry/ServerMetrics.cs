using System.Collections.Concurrent;
using Octet.Server.Catalog;

namespace Octet.Server.Telemetry;

/// <summary>What a server has done since its start.</summary>
sealed class ServerMetrics
{
    readonly ConcurrentDictionary<string, ModelMetrics> _models = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<int, long> _requests = [];

    public ServerMetrics(ModelCatalog catalog)
    {
        foreach (CatalogEntry entry in catalog.Entries)
        {
            _models[entry.Name] = new ModelMetrics();
        }
    }

    internal IEnumerable<(string Model, ModelMetrics Metrics)> Models => _models.Select(entry => (entry.Key, entry.Value)).OrderBy(entry => entry.Key, StringComparer.Ordinal);

    /// <summary>Answered requests by their status.</summary>
    internal IEnumerable<(int Status, long Count)> Requests => _requests.Select(entry => (entry.Key, entry.Value)).OrderBy(entry => entry.Key);

    internal ModelMetrics Of(string model) => _models[model];

    internal void CountRequest(int status) => _requests.AddOrUpdate(status, 1, static (_, count) => count + 1);
}
