using System.Collections.Concurrent;
using Octet.Server.Catalog;

namespace Octet.Server.Telemetry;

/// <summary>What the models of a server have done since its start.</summary>
sealed class ServerMetrics
{
    readonly ConcurrentDictionary<string, ModelMetrics> _models = new(StringComparer.Ordinal);

    public ServerMetrics(ModelCatalog catalog)
    {
        foreach (CatalogEntry entry in catalog.Entries)
        {
            _models[entry.Name] = new ModelMetrics();
        }
    }

    internal IEnumerable<(string Model, ModelMetrics Metrics)> Models => _models.Select(entry => (entry.Key, entry.Value)).OrderBy(entry => entry.Key, StringComparer.Ordinal);

    internal ModelMetrics Of(string model) => _models[model];
}
