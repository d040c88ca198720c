using System.Collections.Concurrent;

namespace Octet.TestHub;

/// <summary>What has been asked for and sent.</summary>
sealed class Traffic
{
    readonly ConcurrentQueue<HubRequest> _requests = [];
    readonly ConcurrentDictionary<string, long> _bytes = [];
    int _open;
    int _mostOpen;

    internal IReadOnlyList<HubRequest> Requests => [.. _requests];

    /// <summary>Bytes of bodies of files, all together.</summary>
    internal long Bytes => _bytes.Values.Sum();

    /// <summary>Bytes of bodies, by file.</summary>
    internal IReadOnlyDictionary<string, long> BytesByFile => _bytes;

    /// <summary>The most bodies of large files that were under way at once.</summary>
    internal int MostAtOnce => Volatile.Read(ref _mostOpen);

    internal int Count(RequestKind kind, string? file = null) => _requests.Count(request => request.Kind == kind && (file is null || request.File == file));

    internal void Clear()
    {
        _requests.Clear();
        _bytes.Clear();
        Volatile.Write(ref _mostOpen, 0);
    }

    internal void Add(HubRequest request) => _requests.Enqueue(request);

    internal void Add(string file, long bytes) => _bytes.AddOrUpdate(file, bytes, (_, before) => before + bytes);

    internal void Opened()
    {
        int open = Interlocked.Increment(ref _open);
        int most;
        while (open > (most = Volatile.Read(ref _mostOpen)) && Interlocked.CompareExchange(ref _mostOpen, open, most) != most)
        {
        }
    }

    internal void Closed() => Interlocked.Decrement(ref _open);
}
