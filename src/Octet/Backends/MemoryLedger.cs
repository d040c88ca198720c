namespace Octet.Backends;

/// <summary>
/// What the models of this process take of a device's memory: weights, once where several models are opened from the same files, and all
/// that a backend allocates. Thread-safe.
/// </summary>
/// <param name="capacity">Bytes that models may take.</param>
class MemoryLedger(long capacity)
{
    // The rest is left to everything that is neither weights nor cache.
    const double UsableShare = 0.9;

    readonly Lock _lock = new();
    readonly Dictionary<string, (long Bytes, int Models)> _weights = [];
    long _weightBytes;
    long _taken;

    /// <summary>This machine's memory, or what a container may use of it.</summary>
    internal static MemoryLedger Host { get; } = new((long)(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes * UsableShare));

    internal long Capacity => capacity;

    /// <summary>Whose memory it is, for messages.</summary>
    internal virtual string Owner => "this machine";

    /// <summary>Bytes that were taken and not given back, weights aside.</summary>
    internal long Taken => Interlocked.Read(ref _taken);

    internal long WeightBytes => Interlocked.Read(ref _weightBytes);

    /// <summary>Bytes that are left; 0 where more is taken than there should be.</summary>
    internal long Room => Math.Max(0, capacity - WeightBytes - Taken);

    /// <summary>Notes what is about to be allocated. Nothing is refused here: who can do with less looks at <see cref="Room"/> first.</summary>
    internal virtual void Take(long bytes) => Interlocked.Add(ref _taken, bytes);

    internal void Return(long bytes) => Interlocked.Add(ref _taken, -bytes);

    /// <summary>
    /// Of a model's bytes those to plan with: all, or where not all fit those that every token reads, and of what they leave three quarters
    /// for those that are read on demand, which the system keeps and drops as it can.
    /// </summary>
    internal long Plan(long bytes, long onDemand)
    {
        long always = bytes - onDemand;
        return always + Math.Min(onDemand, Math.Max(0, Room - always) / 4 * 3);
    }

    /// <summary>Notes the weights of a model that is opened from <paramref name="path"/>, until what is returned is disposed of.</summary>
    internal virtual IDisposable AddWeights(string path, long bytes)
    {
        lock (_lock)
        {
            (long known, int models) = _weights.GetValueOrDefault(path);
            _weights[path] = (Math.Max(known, bytes), models + 1);
            _weightBytes += Math.Max(0, bytes - known);
        }

        return new Weights(this, path);
    }

    void RemoveWeights(string path)
    {
        lock (_lock)
        {
            (long bytes, int models) = _weights[path];
            if (models > 1)
            {
                _weights[path] = (bytes, models - 1);
                return;
            }

            _weights.Remove(path);
            _weightBytes -= bytes;
        }
    }

    sealed class Weights(MemoryLedger ledger, string path) : IDisposable
    {
        int _removed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _removed, 1) == 0)
            {
                ledger.RemoveWeights(path);
            }
        }
    }
}
