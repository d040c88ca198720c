using Octet.Backends;
using Octet.Checkpoints.Families;

namespace Octet.Models;

/// <summary>Attention of every token of a text to all others, or to those near it (Vaswani et al., "Attention Is All You Need", 2017); nothing is kept.</summary>
sealed class BidirectionalAttention
{
    readonly Backend _backend;
    readonly int _headDim;
    readonly Rotary? _rotary;
    readonly BidirectionalShape _shape;
    readonly Weight[] _queryKeyValue;
    readonly Weight[] _output;
    readonly Activations _query, _key, _value, _attended;

    /// <param name="spec">The sizes.</param>
    /// <param name="layer">Which of the layers.</param>
    /// <param name="at">The beginning of its tensors' names.</param>
    /// <param name="build">Makes weights and buffers.</param>
    internal BidirectionalAttention(EncoderSpec spec, EncoderLayerSpec layer, string at, ModelBuilder build)
    {
        int hidden = spec.HiddenSize;
        _backend = build.Backend;
        _headDim = hidden / spec.Heads;
        _rotary = layer.Rotary;
        _shape = new BidirectionalShape(_headDim, (float)(1 / Math.Sqrt(_headDim)), layer.Reach);
        _queryKeyValue = spec.Names.QueryKeyValue is [var fused]
            ? build.PackedParts(at + fused, [hidden, hidden, hidden], hidden)
            : [.. spec.Names.QueryKeyValue.Select(name => build.Packed(at + name, hidden, hidden, spec.HasBias))];
        _output = [build.Packed(at + spec.Names.AttentionOutput, hidden, hidden, spec.HasBias)];
        _query = build.Buffer("query", hidden);
        _key = build.Buffer("key", hidden);
        _value = build.Buffer("value", hidden);
        _attended = build.Buffer("attended", hidden);
    }

    internal IEnumerable<Weight> Linears => [.. _queryKeyValue, .. _output];

    internal void Forward(Activations input, Activations output, PackedBatch batch)
    {
        _backend.Linear(input, _queryKeyValue, [_query, _key, _value], batch.Count);
        if (_rotary is not null)
        {
            _backend.Rotate(_query, _key, _headDim, _rotary, batch.Positions);
        }

        _backend.AttendWithin(_query, _key, _value, _shape, batch.Starts, _attended);
        _backend.Linear(_attended, _output, [output], batch.Count);
    }
}
