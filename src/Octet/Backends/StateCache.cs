namespace Octet.Backends;

/// <summary>What the sequences of a model keep from step to step: a cache for each kind of layers.</summary>
/// <param name="layout">The kinds.</param>
/// <param name="kinds">Their caches, in the same order.</param>
sealed class StateCache(StateLayout layout, IReadOnlyList<KvCache> kinds) : IDisposable
{
    internal StateLayout Layout { get; } = layout;

    internal IReadOnlyList<KvCache> Kinds { get; } = kinds;

    /// <summary>The most that all sequences take.</summary>
    internal long MaxBytes => Kinds.Sum(kind => kind.MaxPages * kind.Layout.BytesPerPage);

    public void Dispose()
    {
        foreach (KvCache kind in Kinds)
        {
            kind.Dispose();
        }
    }
}
