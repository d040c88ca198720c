using Octet.Backends;
using Octet.Models;

namespace Octet.Generation;

/// <summary>
/// A model with its cache, one step at a time: sequences of several threads take turns, chunk by chunk. No code of a caller runs inside a
/// turn. Owns all that the model rests on, and gives it back where model and sessions were forgotten.
/// </summary>
sealed class Engine : IDisposable
{
    // Rows of logits that are computed together when every position is wanted: one pass over the output layer for all of them.
    const int ScoredRows = 16;

    // A full cache looks for forgotten sessions no more often than this, and so often for what a finalizer gives back, which a busy machine lets wait.
    const long CollectionMilliseconds = 1000;
    const int CollectionLooks = 100;

    readonly DecoderModel _model;
    readonly StateCache _cache;
    readonly Backend _backend;
    readonly IDisposable[] _files;
    readonly Batch _batch;
    readonly Activations _states;
    readonly Turns _turns = new();

    // The logits of a step; and rows of final hidden states that are not neighbours, moved together for them.
    readonly LogitRows _logits;
    Activations? _wanted;

    // What the last Score used, for the next one.
    readonly Lock _spareLock = new();
    (float[] Logits, Activations States)? _spare;
    long _collected = -CollectionMilliseconds;
    volatile bool _disposed;

    /// <param name="model">Disposed of with the engine, as are the others.</param>
    /// <param name="cache">The cache of all sequences.</param>
    /// <param name="backend">What computes.</param>
    /// <param name="files">What the weights lie in, which no collector gives back.</param>
    /// <param name="vocabularySize">Length of a row of logits.</param>
    /// <param name="contextLength">Tokens of one sequence.</param>
    /// <param name="chunk">Rows of one step.</param>
    internal Engine(DecoderModel model, StateCache cache, Backend backend, IDisposable[] files, int vocabularySize, int contextLength, int chunk)
    {
        _model = model;
        _cache = cache;
        _backend = backend;
        _files = files;
        _batch = new Batch(chunk);
        _states = model.CreateStates(chunk);
        _logits = backend.CreateLogitRows(vocabularySize);
        VocabularySize = vocabularySize;
        ContextLength = contextLength;
    }

    // Nobody computes and nobody will: model, cache and backend end by themselves.
    ~Engine() => CloseFiles();

    internal int VocabularySize { get; }

    internal int ContextLength { get; }

    /// <summary>Rows that one step takes: tokens of a prompt, or sequences that decode together.</summary>
    internal int BatchCapacity => _batch.Capacity;

    internal long BytesPerToken => _model.BytesPerToken;

    internal double BytesPerStep(int sequences) => _model.BytesPerStep(sequences);

    internal IReadOnlyList<long[]?> CountExperts() => _model.CountExperts();

    internal long LinearWeights => _model.LinearWeights;

    internal long CacheBytesPerToken => _cache.Layout.BytesPerToken;

    /// <summary>Bytes of the cache that a token reads behind so many others.</summary>
    internal double CacheBytesRead(double tokens) => _cache.Layout.BytesRead(tokens);

    /// <summary>The most that keys and values of all sequences take.</summary>
    internal long CacheBytes => _cache.MaxBytes;

    /// <summary>What finished sequences leave to those that begin alike; null where a model's state does not allow it.</summary>
    internal PrefixCache? CreatePrefixCache() => _model.LongFrom == int.MaxValue ? PrefixCache.Create(_cache) : null;

    /// <summary>Whether a sequence can be cut by a few tokens and go on from there.</summary>
    internal bool CanCut => Uncut is null;

    /// <summary>What the model has that keeps a sequence from being cut; null: nothing.</summary>
    internal string? Uncut => _cache.Recurrent is not null ? "recurrent layers" : _model.LongFrom != int.MaxValue ? "LongRoPE" : null;

    /// <summary>Pages of all kinds: those that sequences hold, those that are kept for others, and the most there may be.</summary>
    internal (int InUse, int Kept, int Most) Pages
    {
        get
        {
            (int InUse, int Kept, int Most) pages = default;
            foreach (KvCache kind in _cache.Kinds)
            {
                pages = (pages.InUse + kind.PagesInUse, pages.Kept + kind.PagesIdle, pages.Most + kind.MaxPages);
            }

            return pages;
        }
    }

    internal SequenceState CreateSequence()
    {
        ThrowIfDisposed();
        return new SequenceState(_cache);
    }

    /// <summary>Appends <paramref name="ids"/>, chunk by chunk; <paramref name="last"/> = logits after the last one. Chunks that were computed stay, whatever comes after them.</summary>
    internal void Evaluate(InferenceSession session, ReadOnlySpan<int> ids, Span<float> last, CancellationToken cancellationToken)
    {
        Reserve(session, ids);
        try
        {
            CatchUp(session, ids.Length, cancellationToken);
            for (int done = 0; done < ids.Length;)
            {
                int count = Math.Min(_batch.Capacity, ids.Length - done);
                _turns.Enter(cancellationToken);
                try
                {
                    Forward(session, ids.Slice(done, count), _states, cancellationToken);
                    done += count;
                    if (done == ids.Length && !last.IsEmpty)
                    {
                        _model.Logits(_states, count - 1, 1, last);
                    }

                    session.Append(ids.Slice(done - count, count));
                }
                finally
                {
                    EndStep();
                }
            }
        }
        catch
        {
            session.ReleaseUnused();
            throw;
        }
    }

    /// <summary>The same, with the logits of every position and, where they are wanted, the hidden states. <paramref name="logits"/> is called between turns.</summary>
    internal void Score(InferenceSession session, ReadOnlySpan<int> ids, LogitsCallback logits, HiddenStateObserver? observer, CancellationToken cancellationToken)
    {
        Reserve(session, ids);
        int start = session.Length;
        (float[] Logits, Activations States) space = TakeSpare();
        try
        {
            CatchUp(session, ids.Length, cancellationToken);
            for (int done = 0; done < ids.Length;)
            {
                int count = Math.Min(_batch.Capacity, ids.Length - done);
                for (int row = 0; row < count; row += ScoredRows)
                {
                    int rows = Math.Min(ScoredRows, count - row);
                    _turns.Enter(cancellationToken);
                    try
                    {
                        if (row == 0)
                        {
                            Forward(session, ids.Slice(done, count), space.States, cancellationToken, observer);
                            session.Append(ids.Slice(done, count));
                        }

                        ThrowIfDisposed();
                        _model.Logits(space.States, row, rows, space.Logits.AsSpan(0, rows * VocabularySize));
                    }
                    finally
                    {
                        EndStep();
                    }

                    for (int i = 0; i < rows; i++)
                    {
                        logits(start + done + row + i, space.Logits.AsSpan(i * VocabularySize, VocabularySize));
                    }
                }

                done += count;
            }
        }
        catch
        {
            session.ReleaseUnused();
            throw;
        }
        finally
        {
            KeepSpare(space);
        }
    }

    /// <summary>One step that appends a token to every session; <paramref name="logits"/> [sessions, vocabulary]. On failure no session has changed.</summary>
    internal void Evaluate(ReadOnlySpan<InferenceSession> sessions, ReadOnlySpan<int> ids, Span<float> logits, CancellationToken cancellationToken)
    {
        try
        {
            for (int i = 0; i < sessions.Length; i++)
            {
                Reserve(sessions[i], ids.Slice(i, 1));
            }

            foreach (InferenceSession session in sessions)
            {
                CatchUp(session, 1, cancellationToken);
            }

            _turns.Enter(cancellationToken);
            try
            {
                ThrowIfDisposed();
                _batch.Clear();
                for (int i = 0; i < sessions.Length; i++)
                {
                    sessions[i].ThrowIfDisposed();
                    sessions[i].Sequence.Advance(sessions[i].Computed, 1);
                    _batch.Add(sessions[i].Sequence, sessions[i].Computed, ids.Slice(i, 1));
                }

                _model.Forward(_batch, _cache, _states, cancellationToken);
                if (!logits.IsEmpty)
                {
                    _model.Logits(_states, 0, sessions.Length, logits);
                }
            }
            finally
            {
                EndStep();
            }
        }
        catch
        {
            foreach (InferenceSession session in sessions)
            {
                session.ReleaseUnused();
            }

            throw;
        }

        for (int i = 0; i < sessions.Length; i++)
        {
            sessions[i].Append(ids.Slice(i, 1));
        }
    }

    /// <summary>Sees how many sequences a step is for. Null, as almost always, costs nothing.</summary>
    internal Action<int>? BeforeStep { get; set; }

    /// <summary>
    /// One step of several sequences, which have room for it: of each the next of its missing tokens. Returns the logits that they ask for, in
    /// their order; they hold until the next step. On failure nothing counts as computed.
    /// </summary>
    internal LogitRows Step(ReadOnlySpan<StepPart> parts, CancellationToken cancellationToken)
    {
        try
        {
            BeforeStep?.Invoke(parts.Length);
            return Advance(parts, cancellationToken);
        }
        catch
        {
            foreach (StepPart part in parts)
            {
                part.Session.ReleaseUnused();
            }

            throw;
        }
    }

    /// <summary>Finds what is wanted of the last step's logits, where they lie on a device.</summary>
    internal void Choose(ReadOnlySpan<RowChoice> choices)
    {
        _turns.Enter(CancellationToken.None);
        try
        {
            ThrowIfDisposed();
            _logits.Choose(choices);
        }
        finally
        {
            _turns.Leave();
        }
    }

    /// <inheritdoc cref="DecoderModel.AttentionNames"/>
    internal IReadOnlyList<string> AttentionNames => _model.AttentionNames;

    /// <inheritdoc cref="DecoderModel.Window"/>
    internal int? Window => _model.Window;

    /// <summary>For each layer that keeps keys and values the largest magnitudes that a sequence has, of a float32 cache.</summary>
    internal (float Key, float Value)[] CacheMagnitudes(SequenceState sequence, int tokens)
    {
        _turns.Enter(CancellationToken.None);
        try
        {
            ThrowIfDisposed();
            return [.. _model.CachePlaces.Select(place => Largest(sequence, place, tokens))];
        }
        finally
        {
            _turns.Leave();
        }
    }

    (float Key, float Value) Largest(SequenceState sequence, (int Kind, int Layer) place, int tokens)
    {
        KvCache kind = _cache.Kinds[place.Kind];
        return kind.Largest(sequence.Of(kind), place.Layer, tokens);
    }

    public void Dispose()
    {
        _turns.Enter(CancellationToken.None);
        try
        {
            if (_disposed)
            {
                return;
            }

            lock (_spareLock)
            {
                _disposed = true;
                _spare?.States.Dispose();
            }

            _states.Dispose();
            _wanted?.Dispose();
            _logits.Dispose();
            _cache.Dispose();
            _model.Dispose();
            _backend.Dispose();
            CloseFiles();
        }
        finally
        {
            _turns.Leave();
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Before a session's tokens are computed up to <paramref name="length"/>: all of them anew, where it becomes a long sequence, or is one no longer.</summary>
    internal void Lengthen(InferenceSession session, int length)
    {
        bool isLong = length > _model.LongFrom;
        if (session.Sequence.IsLong != isLong)
        {
            session.ForgetComputed();
            session.Sequence.IsLong = isLong;
        }
    }

    /// <summary>
    /// Computes again what a session's next step needs and the cache does not have: all of it where the sequence becomes a long one, or is one
    /// no longer, and its keys turn otherwise.
    /// </summary>
    void CatchUp(InferenceSession session, int tokens, CancellationToken cancellationToken)
    {
        Lengthen(session, session.Length + tokens);

        while (session.Computed < session.Length)
        {
            int count = Math.Min(_batch.Capacity, session.Length - session.Computed);
            _turns.Enter(cancellationToken);
            try
            {
                Forward(session, session.Missing[..count], _states, cancellationToken);
                session.CatchUp(count);
            }
            finally
            {
                EndStep();
            }
        }
    }

    LogitRows Advance(ReadOnlySpan<StepPart> parts, CancellationToken cancellationToken)
    {
        _turns.Enter(cancellationToken);
        try
        {
            ThrowIfDisposed();
            _batch.Clear();
            Span<int> wanted = stackalloc int[_batch.Capacity];
            int asking = 0;
            foreach (StepPart part in parts)
            {
                part.Session.Sequence.Advance(part.Session.Computed, part.Count);
                _batch.Add(part.Session.Sequence, part.Session.Computed, part.Session.Missing[..part.Count]);
                for (int row = _batch.Count - part.Logits; row < _batch.Count; row++)
                {
                    wanted[asking++] = row;
                }
            }

            _model.Forward(_batch, _cache, _states, cancellationToken);
            if (asking > 0 && wanted[asking - 1] == asking - 1 + wanted[0])
            {
                _model.Logits(_states, wanted[0], asking, _logits);
            }
            else if (asking > 0)
            {
                _wanted ??= _model.CreateStates(_batch.Capacity);
                _backend.Gather(_states, wanted[..asking], _wanted);
                _model.Logits(_wanted, 0, asking, _logits);
            }

            foreach (StepPart part in parts)
            {
                part.Session.CatchUp(part.Count);
            }

            return _logits;
        }
        finally
        {
            EndStep();
        }
    }

    void Forward(InferenceSession session, ReadOnlySpan<int> ids, Activations states, CancellationToken cancellationToken, HiddenStateObserver? observer = null)
    {
        ThrowIfDisposed();
        session.ThrowIfDisposed();
        _batch.Clear();
        session.Sequence.Advance(session.Computed, ids.Length);
        _batch.Add(session.Sequence, session.Computed, ids);
        _model.Observer = observer;
        try
        {
            _model.Forward(_batch, _cache, states, cancellationToken);
        }
        finally
        {
            _model.Observer = null;
        }
    }

    /// <summary>The batch keeps no sequence alive between steps.</summary>
    void EndStep()
    {
        _batch.Clear();
        _turns.Leave();
    }

    /// <summary>Makes room for the tokens that a session knows and <paramref name="more"/> after them; false where there is none.</summary>
    internal bool TryReserve(InferenceSession session, int more, bool collects)
        => session.TryReserveKnown(more) || (collects && TryReserveAfterCollection(session, session.Known - session.Length + more));

    internal static ModelException CacheIsFull(long tokens) => new(
        ModelError.Full,
        $"the key/value cache is full: no room for {tokens} tokens of one sequence beside the others in use; end or shorten others, or open the model with more memory for its cache");

    /// <exception cref="ModelException">A token is none of the model's, or there are more than the context holds.</exception>
    internal void Check(ReadOnlySpan<int> ids, long tokens)
    {
        ThrowIfDisposed();
        if (tokens > ContextLength)
        {
            throw new ModelException(ModelError.InvalidInput, $"{tokens} tokens do not fit into a context of {ContextLength}");
        }

        foreach (int id in ids)
        {
            if ((uint)id >= (uint)VocabularySize)
            {
                throw new ModelException(ModelError.InvalidInput, $"token id {id} is outside the model's vocabulary: expected 0 to {VocabularySize - 1}");
            }
        }
    }

    /// <summary>Looks at the ids and makes room for all of them, so that what cannot be computed to its end is not begun.</summary>
    void Reserve(InferenceSession session, ReadOnlySpan<int> ids)
    {
        long tokens = (long)session.Length + ids.Length;
        Check(ids, tokens);
        if (!session.TryReserve(ids.Length) && !TryReserveAfterCollection(session, ids.Length))
        {
            throw CacheIsFull(tokens);
        }
    }

    /// <summary>Sessions that were forgotten hold pages until the garbage collector finds them; a full cache makes it look.</summary>
    bool TryReserveAfterCollection(InferenceSession session, int tokens)
    {
        long now = Environment.TickCount64;
        long before = Interlocked.Read(ref _collected);
        if (now - before < CollectionMilliseconds || Interlocked.CompareExchange(ref _collected, now, before) != before)
        {
            return false;
        }

        GC.Collect();
        for (int look = 0; look < CollectionLooks; look++)
        {
            Thread.Sleep(1);
            if (session.TryReserve(tokens))
            {
                return true;
            }
        }

        return false;
    }

    (float[] Logits, Activations States) TakeSpare()
    {
        lock (_spareLock)
        {
            ThrowIfDisposed();
            if (_spare is { } spare)
            {
                _spare = null;
                return spare;
            }
        }

        return (new float[checked(Math.Min(ScoredRows, _batch.Capacity) * VocabularySize)], _model.CreateStates(_batch.Capacity));
    }

    void KeepSpare((float[] Logits, Activations States) space)
    {
        lock (_spareLock)
        {
            if (_spare is null && !_disposed)
            {
                _spare = space;
                return;
            }
        }

        space.States.Dispose();
    }

    void CloseFiles()
    {
        foreach (IDisposable file in _files)
        {
            file.Dispose();
        }
    }

    void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_disposed, typeof(LanguageModel));
}
