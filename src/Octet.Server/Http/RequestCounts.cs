using System.Collections.Concurrent;

namespace Octet.Server.Http;

/// <summary>Answered requests by their status.</summary>
sealed class RequestCounts
{
    readonly ConcurrentDictionary<int, long> _counts = [];

    /// <summary>Lowest status first.</summary>
    internal IEnumerable<(int Status, long Count)> All => _counts.Select(entry => (entry.Key, entry.Value)).OrderBy(entry => entry.Key);

    internal void Add(int status) => _counts.AddOrUpdate(status, 1, static (_, count) => count + 1);
}
