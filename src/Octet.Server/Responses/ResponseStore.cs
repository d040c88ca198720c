using Microsoft.Extensions.Options;

namespace Octet.Server.Responses;

/// <summary>The latest responses, as many as the options allow, and those that are being made.</summary>
sealed class ResponseStore(IOptions<OctetServerOptions> options)
{
    readonly Lock _gate = new();
    readonly int _most = options.Value.StoredResponses;
    readonly long _mostBytes = options.Value.StoredResponseBytes;
    readonly Dictionary<string, LinkedListNode<StoredResponse>> _byId = new(StringComparer.Ordinal);
    readonly LinkedList<StoredResponse> _oldestFirst = [];
    readonly Dictionary<string, RunningResponse> _running = new(StringComparer.Ordinal);
    long _bytes;

    /// <summary>The response of a name, which <paramref name="owner"/> had made; null: there is none, or no more.</summary>
    internal StoredResponse? Find(string id, string owner)
    {
        lock (_gate)
        {
            return _byId.GetValueOrDefault(id)?.Value is { } found && found.Owner == owner ? found : null;
        }
    }

    internal void Add(StoredResponse response)
    {
        lock (_gate)
        {
            if (_most == 0 || response.Bytes > _mostBytes)
            {
                return;
            }

            _byId[response.Id] = _oldestFirst.AddLast(response);
            _bytes += response.Bytes;
            while (_oldestFirst.Count > _most || _bytes > _mostBytes)
            {
                Remove(_oldestFirst.First!);
            }
        }
    }

    /// <returns>Whether there was one.</returns>
    internal bool Remove(string id, string owner)
    {
        lock (_gate)
        {
            if (_byId.GetValueOrDefault(id) is not { } node || node.Value.Owner != owner)
            {
                return false;
            }

            Remove(node);
            return true;
        }
    }

    /// <summary>A response is being made, until what this returns is disposed of.</summary>
    internal IDisposable Begin(RunningResponse response)
    {
        lock (_gate)
        {
            _running.Add(response.Id, response);
        }

        return new Making(this, response.Id);
    }

    /// <summary>The response of a name while it is being made; null: none.</summary>
    internal RunningResponse? FindRunning(string id, string owner)
    {
        lock (_gate)
        {
            return _running.GetValueOrDefault(id) is { } found && found.Owner == owner ? found : null;
        }
    }

    void Remove(LinkedListNode<StoredResponse> node)
    {
        _oldestFirst.Remove(node);
        _byId.Remove(node.Value.Id);
        _bytes -= node.Value.Bytes;
    }

    sealed class Making(ResponseStore store, string id) : IDisposable
    {
        public void Dispose()
        {
            lock (store._gate)
            {
                store._running.Remove(id);
            }
        }
    }
}
