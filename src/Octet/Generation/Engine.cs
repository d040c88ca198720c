using Octet.Backends;
using Octet.Models;

namespace Octet.Generation;

/// <summary>A model with its cache, one step at a time: sequences of several threads take turns, chunk by chunk.</summary>
sealed class Engine : IDisposable
{
    // Rows of logits that are computed together when every position is wanted: one pass over the output layer for all of them.
    const int ScoredRows = 16;

    readonly DecoderModel _model;
    readonly KvCache _cache;
    readonly Batch _batch;
    readonly Lock _step = new();
    float[]? _scores;
    bool _disposed;

    internal Engine(DecoderModel model, KvCache cache, int vocabularySize, int contextLength, int chunk)
    {
        _model = model;
        _cache = cache;
        _batch = new Batch(chunk);
        VocabularySize = vocabularySize;
        ContextLength = contextLength;
    }

    internal int VocabularySize { get; }

    internal int ContextLength { get; }

    /// <summary>Rows that one step takes: tokens of a prompt, or sequences that decode together.</summary>
    internal int BatchCapacity => _batch.Capacity;

    internal long BytesPerToken => _model.BytesPerToken;

    internal long LinearWeights => _model.LinearWeights;

    internal long CacheBytesPerToken => _cache.Layout.BytesPerToken;

    internal KvSequence CreateSequence() => new(_cache);

    /// <summary>Computes <paramref name="ids"/> at positions <paramref name="start"/> and on; <paramref name="last"/> = logits after the last one.</summary>
    internal void Evaluate(KvSequence sequence, int start, ReadOnlySpan<int> ids, Span<float> last, CancellationToken cancellationToken)
    {
        for (int done = 0; done < ids.Length;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int count = Math.Min(_batch.Capacity, ids.Length - done);
            lock (_step)
            {
                Forward(sequence, start + done, ids.Slice(done, count));
                done += count;
                if (done == ids.Length && !last.IsEmpty)
                {
                    _model.Logits(count - 1, 1, last);
                }
            }
        }
    }

    /// <summary>The same, with the logits of every position and, where they are wanted, the hidden states.</summary>
    internal void Score(KvSequence sequence, int start, ReadOnlySpan<int> ids, LogitsCallback logits, HiddenStateObserver? observer, CancellationToken cancellationToken)
    {
        for (int done = 0; done < ids.Length;)
        {
            int count = Math.Min(_batch.Capacity, ids.Length - done);
            lock (_step)
            {
                _model.Observer = observer;
                try
                {
                    Forward(sequence, start + done, ids.Slice(done, count));
                }
                finally
                {
                    _model.Observer = null;
                }

                _scores ??= new float[checked(ScoredRows * VocabularySize)];
                for (int row = 0; row < count; row += ScoredRows)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    int rows = Math.Min(ScoredRows, count - row);
                    _model.Logits(row, rows, _scores.AsSpan(0, rows * VocabularySize));
                    for (int i = 0; i < rows; i++)
                    {
                        logits(start + done + row + i, _scores.AsSpan(i * VocabularySize, VocabularySize));
                    }
                }
            }

            done += count;
        }
    }

    /// <summary>One step that computes the next token of every session; <paramref name="logits"/> [sessions, vocabulary]. On failure no session has changed.</summary>
    internal void Evaluate(ReadOnlySpan<InferenceSession> sessions, ReadOnlySpan<int> ids, Span<float> logits)
    {
        lock (_step)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(LanguageModel));
            _batch.Clear();
            try
            {
                for (int i = 0; i < sessions.Length; i++)
                {
                    Add(sessions[i].Sequence, sessions[i].Length, ids.Slice(i, 1));
                }
            }
            catch (ModelException)
            {
                foreach (InferenceSession session in sessions)
                {
                    session.Sequence.Truncate(session.Length);
                }

                throw;
            }

            _model.Forward(_batch, _cache);
            if (!logits.IsEmpty)
            {
                _model.Logits(0, sessions.Length, logits);
            }
        }
    }

    /// <summary>For each layer the largest magnitudes of the keys and values of a sequence, of a float32 cache.</summary>
    internal (float Key, float Value)[] CacheMagnitudes(KvSequence sequence, int tokens)
    {
        lock (_step)
        {
            return [.. Enumerable.Range(0, _cache.Layout.Layers).Select(layer => _cache.Largest(sequence, layer, tokens))];
        }
    }

    internal void Truncate(KvSequence sequence, int tokens)
    {
        lock (_step)
        {
            sequence.Truncate(tokens);
        }
    }

    public void Dispose()
    {
        lock (_step)
        {
            _disposed = true;
            _cache.Dispose();
            _model.Dispose();
        }
    }

    void Forward(KvSequence sequence, int start, ReadOnlySpan<int> ids)
    {
        ObjectDisposedException.ThrowIf(_disposed, typeof(LanguageModel));
        _batch.Clear();
        Add(sequence, start, ids);
        _model.Forward(_batch, _cache);
    }

    void Add(KvSequence sequence, int start, ReadOnlySpan<int> ids)
    {
        if (start + ids.Length > ContextLength)
        {
            throw new ModelException(ModelError.InvalidInput, $"{start + ids.Length} tokens do not fit into a context of {ContextLength}");
        }

        foreach (int id in ids)
        {
            if ((uint)id >= (uint)VocabularySize)
            {
                throw new ModelException(ModelError.InvalidInput, $"token id {id} is outside the model's vocabulary: expected 0 to {VocabularySize - 1}");
            }
        }

        if (!sequence.TryGrow(start + ids.Length))
        {
            throw new ModelException(ModelError.Full, $"the key/value cache is full: no room for {start + ids.Length} tokens of one sequence beside the others in use");
        }

        _batch.Add(sequence, start, ids);
    }
}
