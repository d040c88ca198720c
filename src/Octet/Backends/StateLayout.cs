namespace Octet.Backends;

/// <summary>What the sequences of a model keep from step to step.</summary>
/// <param name="Kinds">Keys and values, one entry for each kind of layers; none where no layer has any.</param>
/// <param name="Recurrent">What recurrent layers keep; null: there are none.</param>
/// <param name="Chunk">The most tokens of a step.</param>
sealed record StateLayout(IReadOnlyList<KvCacheLayout> Kinds, RecurrentLayout? Recurrent, int Chunk)
{
    /// <summary>Bytes of a token of context, as long as no window is full.</summary>
    internal long BytesPerToken => Kinds.Sum(kind => kind.BytesPerToken);

    /// <summary>Bytes that a sequence of so many tokens holds.</summary>
    internal long Bytes(long tokens) => Kinds.Sum(kind => kind.Pages(tokens, Chunk) * kind.BytesPerPage) + (Recurrent?.Bytes ?? 0);

    /// <summary>Bytes that a token reads behind so many others.</summary>
    internal double BytesRead(double tokens) => Kinds.Sum(kind => kind.BytesPerToken * Math.Min(tokens, kind.Window ?? double.MaxValue)) + (Recurrent?.Bytes ?? 0);

    /// <summary>The most tokens of one sequence that fit into so many bytes, in whole pages; up to <paramref name="most"/>.</summary>
    internal long Fits(long bytes, long most)
    {
        long low = 0;
        long high = KvCacheLayout.PagesOf(most);
        while (low < high)
        {
            long middle = (low + high + 1) / 2;
            (low, high) = Bytes(middle * KvCacheLayout.PageTokens) <= bytes ? (middle, high) : (low, middle - 1);
        }

        return low * KvCacheLayout.PageTokens;
    }
}

/// <summary>The state of recurrent layers: for each layer so many floats, whatever the length of the sequence.</summary>
readonly record struct RecurrentLayout(int Layers, int Floats)
{
    internal long Bytes => (long)Layers * Floats * sizeof(float);
}
