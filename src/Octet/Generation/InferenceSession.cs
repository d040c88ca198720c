using Octet.Backends;
using Octet.Generation;
using Octet.Models;

namespace Octet;

/// <summary>
/// One sequence of tokens with its keys and values: what has been computed is not computed again. The low-level way to a model; sessions
/// of one model may be used from several threads, one session from one thread at a time.
/// </summary>
public sealed class InferenceSession : IDisposable
{
    readonly Engine _engine;
    readonly List<int> _tokens = [];

    internal InferenceSession(Engine engine)
    {
        _engine = engine;
        Sequence = engine.CreateSequence();
    }

    internal KvSequence Sequence { get; }

    /// <summary>Tokens computed so far.</summary>
    public int Length => _tokens.Count;

    /// <summary>Tokens that the session can hold.</summary>
    public int ContextLength => _engine.ContextLength;

    /// <summary>Length of a row of logits: <c>vocab_size</c> of <c>config.json</c>.</summary>
    public int VocabularySize => _engine.VocabularySize;

    /// <summary>Appends tokens and computes them, many at once (prefill) or one (decode).</summary>
    /// <param name="ids">Token ids, each from 0 to <see cref="VocabularySize"/> - 1.</param>
    /// <param name="logits">Receives the logits for the token after the last one, [<see cref="VocabularySize"/>]; empty where they are not wanted.</param>
    /// <param name="cancellationToken">Looked at between chunks; what was computed before stays.</param>
    /// <exception cref="ModelException">An id is out of range, or the context is too small.</exception>
    public void Evaluate(ReadOnlySpan<int> ids, Span<float> logits, CancellationToken cancellationToken = default)
    {
        if (!logits.IsEmpty)
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(logits.Length, VocabularySize, nameof(logits));
        }

        int start = _tokens.Count;
        _engine.Evaluate(Sequence, start, ids, logits, cancellationToken);
        _tokens.AddRange(ids);
    }

    /// <summary>Appends tokens and gives the logits of every one of them.</summary>
    /// <param name="ids">Token ids, each from 0 to <see cref="VocabularySize"/> - 1.</param>
    /// <param name="logits">Called once for each token, in order.</param>
    /// <param name="cancellationToken">Looked at between groups of rows.</param>
    /// <exception cref="ModelException">An id is out of range, or the context is too small.</exception>
    public void Score(ReadOnlySpan<int> ids, LogitsCallback logits, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(logits);
        Score(ids, logits, null, cancellationToken);
    }

    internal void Score(ReadOnlySpan<int> ids, LogitsCallback logits, HiddenStateObserver? observer, CancellationToken cancellationToken)
    {
        _engine.Score(Sequence, _tokens.Count, ids, logits, observer, cancellationToken);
        _tokens.AddRange(ids);
    }

    /// <summary>Forgets all but the first <paramref name="length"/> tokens.</summary>
    /// <param name="length">From 0 to <see cref="Length"/>.</param>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        _engine.Truncate(Sequence, length);
        _tokens.RemoveRange(length, _tokens.Count - length);
    }

    /// <summary>Keeps the tokens that <paramref name="ids"/> also begins with and forgets the rest; returns how many were kept.</summary>
    /// <param name="ids">The sequence that is to be computed next.</param>
    public int KeepPrefix(ReadOnlySpan<int> ids)
    {
        int common = 0;
        while (common < _tokens.Count && common < ids.Length && _tokens[common] == ids[common])
        {
            common++;
        }

        Truncate(common);
        return common;
    }

    /// <summary>For each layer the largest magnitudes of keys and values; of a float32 cache.</summary>
    internal (float Key, float Value)[] CacheMagnitudes() => _engine.CacheMagnitudes(Sequence, Length);

    internal bool IsOf(Engine engine) => ReferenceEquals(engine, _engine);

    /// <summary>Notes a token that a step of several sessions has computed.</summary>
    internal void Append(int id) => _tokens.Add(id);

    /// <inheritdoc/>
    public void Dispose()
    {
        _engine.Truncate(Sequence, 0);
        _tokens.Clear();
    }
}
