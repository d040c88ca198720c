using System.Globalization;
using Octet.Backends;
using Octet.Checkpoints;
using Octet.Checkpoints.Families;

namespace Octet.Models;

/// <summary>
/// An encoder: whole texts in, the last hidden state of every token out. Every layer adds to the stream what its attention and its feed-forward part
/// make of it, and norms it before or after; which, the family says. Written against <see cref="Backend"/> alone, activations in float32.
/// </summary>
sealed class EncoderModel : IDisposable
{
    readonly EncoderSpec _spec;
    readonly Backend _backend;
    readonly ModelBuilder _build;
    readonly Weight _words;
    readonly Weight? _positions;
    readonly Weight? _types;
    readonly LayerNorm _embeddingNorm;
    readonly Layer[] _layers;
    readonly LayerNorm? _finalNorm;
    readonly ClassificationHead? _head;
    readonly Activations _stream, _hidden, _delta;

    /// <param name="spec">The parts.</param>
    /// <param name="weights">Their tensors: all that there are must be used or known.</param>
    /// <param name="backend">Who computes.</param>
    /// <param name="maxBatch">Rows of a step.</param>
    /// <param name="classifies">Whether the layers on top are wanted.</param>
    internal EncoderModel(EncoderSpec spec, WeightLedger weights, Backend backend, int maxBatch, bool classifies)
    {
        int hidden = spec.HiddenSize;
        _spec = spec;
        _backend = backend;
        _build = new ModelBuilder(weights, backend, maxBatch, spec.Epsilon, 0);
        EncoderNames names = spec.Names;
        try
        {
            string root = weights.Prefix(names.Words, "", names.Prefix);
            Weight Table(string name, int rows) => _build.Own(backend.CreateLinear(weights.Linear(root + name, rows, hidden)));
            LayerNorm Norm(string name) => LayerNorm.Create(name, hidden, spec.HasNormBias, _build);
            _words = Table(names.Words, spec.VocabSize);
            _positions = spec.Positions is { } positions ? Table(names.Positions, positions) : null;
            _types = spec.Types is { } types ? Table(names.Types, types) : null;
            _embeddingNorm = Norm(root + names.EmbeddingNorm);
            _layers = new Layer[spec.Layers.Count];
            for (int i = 0; i < _layers.Length; i++)
            {
                string at = string.Create(CultureInfo.InvariantCulture, $"{root}{names.Layers}{i}.");

                // The first of them has the embedding's norm just before.
                _layers[i] = new Layer(
                    AttentionNorm: spec.NormsFirst && i == 0 ? null : Norm(at + names.AttentionNorm),
                    Attention: new BidirectionalAttention(spec, spec.Layers[i], at, _build),
                    FeedForwardNorm: Norm(at + names.FeedForwardNorm),
                    FeedForward: new EncoderFeedForward(spec, at, _build));
            }

            _finalNorm = names.FinalNorm is { } final ? Norm(root + final) : null;
            _head = classifies ? new ClassificationHead(spec.Classifier!, spec, root, _build) : null;
            SkipUnused(spec, root, weights, classifies);
            weights.Close();
            _stream = _build.Buffer("stream", hidden);
            _hidden = _build.Buffer("hidden", hidden);
            _delta = _build.Buffer("delta", hidden);
        }
        catch
        {
            Dispose();
            throw;
        }

        LinearWeights = _layers.SelectMany(layer => layer.Linears).Sum(weight => weight.Rows * weight.Columns);
    }

    /// <summary>Weights of all linear layers that every token is multiplied with.</summary>
    internal long LinearWeights { get; }

    /// <summary>Outputs of the classifier for each text of the last batch.</summary>
    internal Activations Scores => _head!.Scores;

    /// <summary>Computes the last hidden states of a batch, a row for each token, which are valid until the next one.</summary>
    /// <param name="batch">The texts.</param>
    /// <param name="cancellationToken">Looked at between layers.</param>
    internal Activations Forward(PackedBatch batch, CancellationToken cancellationToken)
    {
        int rows = batch.Count;
        _backend.LookUp(_words, batch.Ids, _stream, adds: false);
        if (_positions is not null)
        {
            _backend.LookUp(_positions, batch.Positions, _stream, adds: true);
        }

        if (_types is not null)
        {
            _backend.LookUp(_types, batch.Types, _stream, adds: true);
        }

        Norm(null, _embeddingNorm, _stream, rows);
        Activations states = _spec.NormsFirst ? ForwardNormsFirst(batch, cancellationToken) : ForwardNormsAfter(batch, cancellationToken);
        _head?.Forward(states, batch);
        return states;
    }

    public void Dispose() => _build.Dispose();

    Activations ForwardNormsAfter(PackedBatch batch, CancellationToken cancellationToken)
    {
        foreach (Layer layer in _layers)
        {
            cancellationToken.ThrowIfCancellationRequested();
            layer.Attention.Forward(_stream, _delta, batch);
            Norm(_delta, layer.AttentionNorm!.Value, _stream, batch.Count);
            layer.FeedForward.Forward(_stream, _delta, batch.Count);
            Norm(_delta, layer.FeedForwardNorm, _stream, batch.Count);
        }

        return _stream;
    }

    Activations ForwardNormsFirst(PackedBatch batch, CancellationToken cancellationToken)
    {
        Activations? delta = null;
        foreach (Layer layer in _layers)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Activations input = _stream;
            if (layer.AttentionNorm is { } norm)
            {
                Norm(delta, norm, _hidden, batch.Count);
                input = _hidden;
            }

            layer.Attention.Forward(input, _delta, batch);
            Norm(_delta, layer.FeedForwardNorm, _hidden, batch.Count);
            layer.FeedForward.Forward(_hidden, _delta, batch.Count);
            delta = _delta;
        }

        Norm(delta, _finalNorm!.Value, _hidden, batch.Count);
        return _hidden;
    }

    void Norm(Activations? delta, LayerNorm norm, Activations output, int rows)
        => _backend.AddLayerNorm(_stream, delta, norm.Weight, norm.Bias, _spec.Epsilon, output, rows);

    static void SkipUnused(EncoderSpec spec, string root, WeightLedger weights, bool classifies)
    {
        foreach ((string beginning, string reason) in (IEnumerable<(string, string)>)[.. spec.Unused.Select(part => (root + part.Beginning, part.Reason)), .. spec.UnusedBeside])
        {
            weights.SkipUnder(beginning, reason);
        }

        if (spec.Classifier is { } classifier && !classifies)
        {
            int layers = weights.SkipUnder(classifier.Output.Split('.')[0] + ".", "a classifier, which embeddings do not use") + weights.SkipUnder(classifier.Dense.Split('.')[0] + ".", "a classifier, which embeddings do not use");
            if (layers > 0)
            {
                weights.Note($"{layers} tensors of a classifier are left: embeddings are what is below it");
            }
        }
    }

    sealed record Layer(LayerNorm? AttentionNorm, BidirectionalAttention Attention, LayerNorm FeedForwardNorm, EncoderFeedForward FeedForward)
    {
        internal IEnumerable<Weight> Linears => [.. Attention.Linears, .. FeedForward.Linears];
    }
}
