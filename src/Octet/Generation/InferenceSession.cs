using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Octet.Backends;
using Octet.Generation;
using Octet.Models;

namespace Octet;

/// <summary>
/// One sequence of tokens with its keys and values: what has been computed is not computed again. The low-level way to a model. Sessions
/// of one model may be used from several threads; one session takes one operation at a time, a generation counting as one, and refuses
/// others meanwhile.
/// </summary>
/// <remarks>A session may be disposed of at any time: an operation that runs then ends with an <see cref="ObjectDisposedException"/> or its result.</remarks>
public sealed class InferenceSession : IDisposable
{
    const int InUse = 1;
    const int Disposed = 2;

    readonly Engine _engine;
    readonly List<int> _tokens = [];
    int _pending;
    int _state;
    string _operation = "";

    internal InferenceSession(Engine engine)
    {
        _engine = engine;
        Sequence = engine.CreateSequence();
    }

    internal SequenceState Sequence { get; }

    /// <summary>The first tokens whose keys and values are in the cache: all, but where they have to be computed again.</summary>
    internal int Computed { get; private set; }

    /// <summary>Tokens computed so far.</summary>
    public int Length => _tokens.Count - _pending;

    /// <summary>Tokens that the session can hold.</summary>
    public int ContextLength => _engine.ContextLength;

    /// <summary>Length of a row of logits: <c>vocab_size</c> of <c>config.json</c>.</summary>
    public int VocabularySize => _engine.VocabularySize;

    /// <summary>Appends tokens and computes them, many at once (prefill) or one (decode).</summary>
    /// <param name="ids">Token ids, each from 0 to <see cref="VocabularySize"/> - 1.</param>
    /// <param name="logits">Receives the logits for the token after the last one, [<see cref="VocabularySize"/>]; empty where they are not wanted.</param>
    /// <param name="cancellationToken">Looked at between layers. Chunks that were computed before stay: <see cref="Length"/> says how many tokens.</param>
    /// <exception cref="ModelException">An id is out of range, or the context or the cache is too small; then nothing was computed.</exception>
    /// <exception cref="ArgumentException">Logits are wanted of no tokens, or the span has another length.</exception>
    /// <exception cref="InvalidOperationException">Another operation on this session has not ended.</exception>
    /// <exception cref="ObjectDisposedException">The session or its model is disposed of.</exception>
    public void Evaluate(ReadOnlySpan<int> ids, Span<float> logits, CancellationToken cancellationToken = default)
    {
        using Operation operation = Begin();
        operation.Evaluate(ids, logits, cancellationToken);
    }

    /// <summary>Appends tokens and gives the logits of every one of them.</summary>
    /// <param name="ids">Token ids, each from 0 to <see cref="VocabularySize"/> - 1.</param>
    /// <param name="logits">Called once for each token, in order. It may use the model and other sessions, not this one.</param>
    /// <param name="cancellationToken">Looked at between layers. Chunks that were computed before stay: <see cref="Length"/> says how many tokens.</param>
    /// <exception cref="ModelException">An id is out of range, or the context or the cache is too small; then nothing was computed.</exception>
    /// <exception cref="InvalidOperationException">Another operation on this session has not ended.</exception>
    /// <exception cref="ObjectDisposedException">The session or its model is disposed of.</exception>
    public void Score(ReadOnlySpan<int> ids, LogitsCallback logits, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(logits);
        Score(ids, logits, null, cancellationToken);
    }

    internal void Score(ReadOnlySpan<int> ids, LogitsCallback logits, HiddenStateObserver? observer, CancellationToken cancellationToken)
    {
        using Operation operation = Begin();
        _engine.Score(this, ids, logits, observer, cancellationToken);
    }

    /// <summary>Forgets all but the first <paramref name="length"/> tokens.</summary>
    /// <param name="length">From 0 to <see cref="Length"/>.</param>
    /// <exception cref="InvalidOperationException">Another operation on this session has not ended.</exception>
    /// <exception cref="ObjectDisposedException">The session is disposed of.</exception>
    public void Truncate(int length)
    {
        using Operation operation = Begin();
        operation.Truncate(length);
    }

    /// <summary>Keeps the tokens that <paramref name="ids"/> also begins with and forgets the rest; returns how many were kept.</summary>
    /// <param name="ids">The sequence that is to be computed next.</param>
    /// <exception cref="InvalidOperationException">Another operation on this session has not ended.</exception>
    /// <exception cref="ObjectDisposedException">The session is disposed of.</exception>
    public int KeepPrefix(ReadOnlySpan<int> ids)
    {
        using Operation operation = Begin();
        return operation.KeepPrefix(ids);
    }

    /// <summary>For each layer that keeps keys and values their largest magnitudes; of a float32 cache.</summary>
    internal (float Key, float Value)[] CacheMagnitudes()
    {
        using Operation operation = Begin();
        return _engine.CacheMagnitudes(Sequence, Length);
    }

    internal bool IsOf(Engine engine) => ReferenceEquals(engine, _engine);

    /// <summary>Makes an operation the only one until it is disposed of.</summary>
    /// <exception cref="InvalidOperationException">Another one has not ended.</exception>
    /// <exception cref="ObjectDisposedException">The session is disposed of.</exception>
    internal Operation Begin([CallerMemberName] string name = "")
    {
        int state = Interlocked.CompareExchange(ref _state, InUse, 0);
        ObjectDisposedException.ThrowIf((state & Disposed) != 0, this);
        if (state != 0)
        {
            throw new InvalidOperationException($"{name}: the session is in use, {_operation} on it has not ended; expected one operation at a time on a session");
        }

        _operation = name;
        return new Operation(this);
    }

    /// <summary>Whether it is disposed of, or will be when the operation on it has ended.</summary>
    internal bool IsDisposed => (Volatile.Read(ref _state) & Disposed) != 0;

    internal void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(IsDisposed, this);

    /// <summary>Makes room for more tokens; false, with nothing taken, when the cache is full.</summary>
    internal bool TryReserve(int tokens)
    {
        _tokens.EnsureCapacity(Length + tokens);
        bool grown = false;
        try
        {
            grown = Sequence.TryGrow(Length + tokens);
        }
        finally
        {
            if (!grown)
            {
                ReleaseUnused();
            }
        }

        return grown;
    }

    /// <summary>Gives back room that was made and not used.</summary>
    internal void ReleaseUnused() => Computed = Math.Min(Computed, Sequence.Truncate(Length));

    /// <summary>Notes tokens that a step has computed.</summary>
    internal void Append(ReadOnlySpan<int> ids)
    {
        _tokens.AddRange(ids);
        Computed += ids.Length;
        Sequence.Complete();
    }

    /// <summary>The tokens that have to be computed again, the next ones first.</summary>
    internal ReadOnlySpan<int> Missing => CollectionsMarshal.AsSpan(_tokens)[Computed..];

    /// <summary>Notes that a step has computed some of <see cref="Missing"/>.</summary>
    internal void CatchUp(int tokens)
    {
        Computed += tokens;
        _pending = Math.Min(_pending, _tokens.Count - Computed);
        Sequence.Complete();
    }

    /// <summary>The same for all that is to follow, and <paramref name="more"/> after it.</summary>
    internal bool TryReserveKnown(int more) => TryReserve(_pending + more);

    /// <summary>All that are known.</summary>
    internal ReadOnlySpan<int> Tokens => CollectionsMarshal.AsSpan(_tokens);

    /// <summary>Those of <see cref="Length"/>, and what is to follow them.</summary>
    internal int Known => _tokens.Count;

    /// <summary>Appends tokens that steps are to compute: each counts when it is.</summary>
    internal void Know(ReadOnlySpan<int> ids)
    {
        _tokens.AddRange(ids);
        _pending += ids.Length;
    }

    /// <summary>Drops what was to follow and did not.</summary>
    internal void DropPending()
    {
        _tokens.RemoveRange(Length, _pending);
        _pending = 0;
    }

    /// <summary>Takes the last tokens back, which are computed, or are to follow.</summary>
    internal void TakeBack(int tokens)
    {
        int pending = Math.Min(_pending, tokens);
        _pending -= pending;
        _tokens.RemoveRange(_tokens.Count - tokens, tokens);
        if (tokens > pending)
        {
            Computed = Math.Min(Computed, Sequence.Truncate(Length));
        }
    }

    /// <summary>The first tokens lie in pages that the sequence was given.</summary>
    internal void Adopt(int tokens)
    {
        Computed = tokens;
        _pending = Math.Min(_pending, _tokens.Count - Computed);
    }

    /// <summary>Gives keys and values back; the tokens stay, to be computed again.</summary>
    internal void GiveWay()
    {
        Sequence.Release();
        Computed = 0;
    }

    /// <summary>All tokens have to be computed again.</summary>
    internal void ForgetComputed()
    {
        Sequence.Rewind();
        Computed = 0;
    }

    /// <summary>Gives the keys and values back, when the operation that runs, if any, has ended.</summary>
    public void Dispose()
    {
        if (Interlocked.Or(ref _state, Disposed) == 0)
        {
            Release();
        }
    }

    /// <summary>Ends what <see cref="Begin"/> began.</summary>
    internal void End()
    {
        if ((Interlocked.And(ref _state, ~InUse) & Disposed) != 0)
        {
            Release();
        }
    }

    void Release()
    {
        Sequence.Dispose();
        _tokens.Clear();
        _pending = 0;
        Computed = 0;
    }

    /// <summary>The only operation on a session while it lasts.</summary>
    internal readonly ref struct Operation(InferenceSession session)
    {
        /// <inheritdoc cref="InferenceSession.Evaluate"/>
        internal void Evaluate(ReadOnlySpan<int> ids, Span<float> logits, CancellationToken cancellationToken)
        {
            if (!logits.IsEmpty)
            {
                ArgumentOutOfRangeException.ThrowIfNotEqual(logits.Length, session.VocabularySize, nameof(logits));
                if (ids.IsEmpty)
                {
                    throw new ArgumentException("no tokens, and logits of the last one are wanted: expected at least one token", nameof(ids));
                }
            }

            session._engine.Evaluate(session, ids, logits, cancellationToken);
        }

        /// <inheritdoc cref="InferenceSession.Truncate"/>
        internal void Truncate(int length)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(length);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(length, session.Length);
            session.Computed = Math.Min(session.Computed, session.Sequence.Truncate(length));
            session._tokens.RemoveRange(length, session._tokens.Count - length);
        }

        /// <inheritdoc cref="InferenceSession.KeepPrefix"/>
        internal int KeepPrefix(ReadOnlySpan<int> ids)
        {
            int common = 0;
            while (common < session._tokens.Count && common < ids.Length && session._tokens[common] == ids[common])
            {
                common++;
            }

            Truncate(common);
            return common;
        }

        public void Dispose() => session.End();
    }
}
