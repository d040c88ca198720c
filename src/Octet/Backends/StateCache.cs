namespace Octet.Backends;

/// <summary>What the sequences of a model keep from step to step: a cache for each kind of layers, and one for the states of recurrent ones.</summary>
/// <param name="layout">The kinds.</param>
/// <param name="kinds">Their caches, in the same order.</param>
/// <param name="recurrent">The cache of recurrent layers; null where there are none.</param>
sealed class StateCache(StateLayout layout, IReadOnlyList<KvCache> kinds, RecurrentCache? recurrent = null) : IDisposable
{
    internal StateLayout Layout { get; } = layout;

    internal IReadOnlyList<KvCache> Kinds { get; } = kinds;

    internal RecurrentCache? Recurrent { get; } = recurrent;

    /// <summary>The most that all sequences take.</summary>
    internal long MaxBytes => Kinds.Sum(kind => kind.MaxPages * kind.Layout.BytesPerPage) + (Recurrent is null ? 0 : Recurrent.MaxPages * Recurrent.Layout.Bytes);

    public void Dispose()
    {
        foreach (KvCache kind in Kinds)
        {
            kind.Dispose();
        }

        Recurrent?.Dispose();
    }
}
