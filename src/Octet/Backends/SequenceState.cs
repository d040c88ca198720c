namespace Octet.Backends;

/// <summary>What one sequence keeps from step to step, in every kind of layers. One thread at a time.</summary>
sealed class SequenceState : IDisposable
{
    readonly KvSequence[] _kinds;
    readonly RecurrentSequence? _recurrent;

    internal SequenceState(StateCache cache)
    {
        _kinds = [.. cache.Kinds.Select(kind => new KvSequence(kind, cache.Layout.Chunk))];
        _recurrent = cache.Recurrent is { } recurrent ? new RecurrentSequence(recurrent) : null;
    }

    /// <summary>Whether its keys turn as those of long sequences do (<see cref="Rotary.Long"/>).</summary>
    internal bool IsLong { get; set; }

    /// <summary>Tokens for which every kind has a place.</summary>
    internal int Capacity
    {
        get
        {
            int capacity = int.MaxValue;
            foreach (KvSequence kind in _kinds)
            {
                capacity = Math.Min(capacity, kind.Capacity);
            }

            return capacity;
        }
    }

    /// <summary>The pages in the layers of one kind.</summary>
    internal KvSequence Of(KvCache cache) => _kinds[cache.Layout.Kind];

    /// <summary>The page with the state of recurrent layers; -1: there is none.</summary>
    internal int RecurrentPage => _recurrent?.Page ?? -1;

    /// <summary>Gives all back: the tokens are to be computed again, in pages that are to be taken again.</summary>
    internal void Release()
    {
        foreach (KvSequence kind in _kinds)
        {
            kind.Truncate(0);
        }

        _recurrent?.Truncate(0);
    }

    /// <summary>Makes room for <paramref name="tokens"/> tokens in all; false when a cache is full.</summary>
    /// <exception cref="ModelException">The system has no more memory.</exception>
    internal bool TryGrow(int tokens)
    {
        foreach (KvSequence kind in _kinds)
        {
            if (!kind.TryGrow(tokens))
            {
                return false;
            }
        }

        return tokens == 0 || _recurrent is null || _recurrent.TryTake();
    }

    /// <summary>Before a step: gives tokens [position, position + count) their place.</summary>
    internal void Advance(int position, int count)
    {
        foreach (KvSequence kind in _kinds)
        {
            kind.Advance(position, count);
        }

        _recurrent?.Advance(position, count);
    }

    /// <summary>After a step that came to its end. One that does not leaves recurrent layers at different tokens, and all is computed again.</summary>
    internal void Complete() => _recurrent?.Complete();

    /// <summary>All tokens are to be computed again: what is held stays held.</summary>
    internal void Rewind()
    {
        foreach (KvSequence kind in _kinds)
        {
            kind.Rewind();
        }

        _recurrent?.Rewind();
    }

    /// <summary>Gives back what the first <paramref name="tokens"/> tokens do not need; returns how many of them need not be computed again.</summary>
    internal int Truncate(int tokens)
    {
        int kept = _kinds.Aggregate(_recurrent?.Truncate(tokens) ?? tokens, (least, kind) => Math.Min(least, kind.Truncate(tokens)));
        if (kept == 0)
        {
            Rewind();
        }

        return kept;
    }

    public void Dispose()
    {
        foreach (KvSequence kind in _kinds)
        {
            kind.Dispose();
        }

        _recurrent?.Dispose();
    }
}
