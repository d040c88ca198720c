using Octet.Backends;
using Octet.Checkpoints;
using Octet.Models;

namespace Octet.Embeddings;

/// <summary>A decoder as an encoder: each token sees those before it. A text may take several steps.</summary>
sealed class CachedEncoder : TextEncoder
{
    readonly ModelConfig _config;
    readonly DecoderModel _model;
    readonly StateCache _cache;
    readonly Backend _backend;
    readonly Batch _batch;
    readonly Activations _states;

    /// <param name="config">Of the model.</param>
    /// <param name="model">The model.</param>
    /// <param name="cache">What texts keep while they are computed.</param>
    /// <param name="backend">What computes.</param>
    /// <param name="rows">Tokens of a step.</param>
    /// <param name="maxTokens">Of a text.</param>
    /// <param name="files">What the weights lie in.</param>
    internal CachedEncoder(ModelConfig config, DecoderModel model, StateCache cache, Backend backend, int rows, int maxTokens, IReadOnlyList<IDisposable> files)
        : base(files)
    {
        _config = config;
        _model = model;
        _cache = cache;
        _backend = backend;
        _batch = new Batch(rows);
        _states = model.CreateStates(rows);
        MaxTokens = maxTokens;
    }

    internal override int Width => _config.HiddenSize;

    internal override int VocabularySize => _config.VocabSize;

    internal override int MaxTokens { get; }

    internal override long LinearWeights => _model.LinearWeights;

    internal override string Description => _backend.Description;

    internal override void Score(StepText text, Span<float> scores) => _model.ChosenLogits(text.States, text.FirstRow + text.Count - 1, scores);

    protected override void RunSteps(IReadOnlyList<TokenText> texts, Action<StepText> states, Action<int>? finished, CancellationToken cancellationToken)
    {
        List<(StepText Part, SequenceState Sequence)> step = [];
        SequenceState? open = null;
        int text = 0;
        int token = 0;
        try
        {
            while (text < texts.Count)
            {
                BeginStep(cancellationToken);
                try
                {
                    _batch.Clear();
                    while (text < texts.Count && _batch.Count < _batch.Capacity)
                    {
                        int[] ids = texts[text].Ids;
                        if (open is null && (open = TryBegin(ids.Length, isFirst: step.Count == 0)) is null)
                        {
                            break;
                        }

                        int count = Math.Min(ids.Length - token, _batch.Capacity - _batch.Count);
                        bool ends = token + count == ids.Length;
                        step.Add((new StepText(text, step.Count, _states, _batch.Count, token, count, ends), open));
                        open.Advance(token, count);
                        _batch.Add(open, token, ids.AsSpan(token, count));
                        (text, token, open) = ends ? (text + 1, 0, null) : (text, token + count, open);
                    }

                    _model.Forward(_batch, _cache, _states, cancellationToken);
                    foreach ((StepText part, SequenceState sequence) in step)
                    {
                        sequence.Complete();
                        states(part);
                    }
                }
                finally
                {
                    _batch.Clear();
                    EndStep();
                }

                DisposeEnded(step);
                finished?.Invoke(text);
            }
        }
        finally
        {
            DisposeEnded(step);
            open?.Dispose();
        }
    }

    protected override void DisposeModel()
    {
        _states.Dispose();
        _cache.Dispose();
        _model.Dispose();
        _backend.Dispose();
    }

    static void DisposeEnded(List<(StepText Part, SequenceState Sequence)> step)
    {
        foreach ((StepText part, SequenceState sequence) in step)
        {
            if (part.IsLast)
            {
                sequence.Dispose();
            }
        }

        step.Clear();
    }

    /// <summary>Null where the cache has no room before others have ended.</summary>
    SequenceState? TryBegin(int tokens, bool isFirst)
    {
        var sequence = new SequenceState(_cache) { IsLong = tokens > _model.LongFrom };
        if (sequence.TryGrow(tokens))
        {
            return sequence;
        }

        sequence.Dispose();
        return !isFirst ? null : throw new ModelException(ModelError.Full, $"no room for the keys and values of a text of {tokens} tokens: shorten it");
    }
}
