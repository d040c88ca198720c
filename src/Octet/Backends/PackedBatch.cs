namespace Octet.Backends;

/// <summary>Whole texts of any lengths, one behind the other without padding: row <c>i</c> is token <see cref="Ids"/>[i].</summary>
/// <param name="capacity">Rows.</param>
/// <param name="padding">
/// Of models that number positions as RoBERTa does, the token id of padding: a text begins at the position after it, and a token of that id has
/// its number as position and is not counted. Null: from 0.
/// </param>
sealed class PackedBatch(int capacity, int? padding)
{
    readonly int[] _ids = new int[capacity];
    readonly int[] _positions = new int[capacity];
    readonly int[] _types = new int[capacity];
    readonly int[] _starts = new int[capacity + 1];

    internal int Capacity => _ids.Length;

    internal int Count { get; private set; }

    internal int Texts { get; private set; }

    internal ReadOnlySpan<int> Ids => _ids.AsSpan(0, Count);

    internal ReadOnlySpan<int> Positions => _positions.AsSpan(0, Count);

    /// <summary>Which of a pair of texts a token belongs to: 0 or 1.</summary>
    internal ReadOnlySpan<int> Types => _types.AsSpan(0, Count);

    /// <summary>The first row of each text, and behind the last one <see cref="Count"/>.</summary>
    internal ReadOnlySpan<int> Starts => _starts.AsSpan(0, Texts + 1);

    internal void Clear() => Count = Texts = 0;

    /// <param name="ids">At least one.</param>
    /// <param name="types">One for each; empty: all 0.</param>
    internal void Add(ReadOnlySpan<int> ids, ReadOnlySpan<int> types)
    {
        ArgumentOutOfRangeException.ThrowIfZero(ids.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ids.Length, Capacity - Count);
        int position = padding is { } before ? before + 1 : 0;
        for (int i = 0; i < ids.Length; i++)
        {
            _ids[Count] = ids[i];
            _positions[Count] = padding is { } pad && ids[i] == pad ? pad : position++;
            _types[Count++] = types.IsEmpty ? 0 : types[i];
        }

        _starts[++Texts] = Count;
    }
}
