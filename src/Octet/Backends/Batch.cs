namespace Octet.Backends;

/// <summary>
/// The tokens of one step: row <c>i</c> is token <see cref="Ids"/>[i] at position <see cref="Positions"/>[i] of its sequence. A sequence's
/// rows are neighbours and its positions rise by one, so prefill (many rows) and decode (one row) are the same step.
/// </summary>
sealed class Batch(int capacity)
{
    readonly int[] _ids = new int[capacity];
    readonly int[] _positions = new int[capacity];
    readonly SequenceState[] _sequences = new SequenceState[capacity];

    internal int Capacity => _ids.Length;

    internal int Count { get; private set; }

    internal ReadOnlySpan<int> Ids => _ids.AsSpan(0, Count);

    internal ReadOnlySpan<int> Positions => _positions.AsSpan(0, Count);

    /// <summary>The sequence that row i belongs to.</summary>
    internal ReadOnlySpan<SequenceState> Sequences => _sequences.AsSpan(0, Count);

    internal void Clear()
    {
        Array.Clear(_sequences, 0, Count);
        Count = 0;
    }

    /// <summary>Adds the tokens of <paramref name="sequence"/> that start at <paramref name="position"/>; its pages must hold them.</summary>
    internal void Add(SequenceState sequence, int position, ReadOnlySpan<int> ids)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ids.Length, Capacity - Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(position + ids.Length, sequence.Capacity);
        foreach (int id in ids)
        {
            _ids[Count] = id;
            _positions[Count] = position++;
            _sequences[Count++] = sequence;
        }
    }
}
