using Octet.Backends;
using Octet.Checkpoints.Families;

namespace Octet.Models;

/// <summary>What makes scores of a text out of an encoder's last states: of its first token, or of their mean.</summary>
sealed class ClassificationHead
{
    readonly Backend _backend;
    readonly ClassifierSpec _spec;
    readonly float _epsilon;
    readonly Weight _dense;
    readonly LayerNorm? _norm;
    readonly Weight _output;
    readonly Activations _texts, _hidden;

    /// <param name="classifier">The layers.</param>
    /// <param name="spec">The encoder.</param>
    /// <param name="prefix">What stands before the encoder's names.</param>
    /// <param name="build">Makes weights and buffers.</param>
    internal ClassificationHead(ClassifierSpec classifier, EncoderSpec spec, string prefix, ModelBuilder build)
    {
        int hidden = spec.HiddenSize;
        _backend = build.Backend;
        _spec = classifier;
        _epsilon = spec.Epsilon;
        _dense = build.Linear((classifier.DenseIsInside ? prefix : "") + classifier.Dense, hidden, hidden, classifier.HasDenseBias);
        _norm = classifier.Norm is { } norm ? LayerNorm.Create(norm, hidden, spec.HasNormBias, build) : null;
        _output = build.Linear(classifier.Output, classifier.Labels, hidden, hasBias: true);
        _texts = build.Buffer("texts", hidden);
        _hidden = build.Buffer("texts inside", hidden);
        Scores = build.Buffer("scores", classifier.Labels);
    }

    /// <summary>A row for each text of the last batch: an output for each label, as the last layer gives it.</summary>
    internal Activations Scores { get; }

    internal void Forward(Activations states, PackedBatch batch)
    {
        int texts = batch.Texts;
        if (_spec.TakesMean)
        {
            _backend.Average(states, batch.Starts, _texts);
        }
        else
        {
            _backend.Gather(states, batch.Starts[..texts], _texts);
        }

        _backend.Linear(_texts, _dense, _spec.Function, _hidden, texts);
        if (_norm is { } norm)
        {
            _backend.AddLayerNorm(_hidden, null, norm.Weight, norm.Bias, _epsilon, _hidden, texts);
        }

        _backend.Linear(_hidden, [_output], [Scores], texts);
    }
}
