using Octet.Backends;

namespace Octet.Models;

/// <summary>
/// Gated DeltaNet: a short convolution over queries, keys and values, then a state for each head that forgets a part and corrects what it
/// holds under the token's key, read with its query, normed and gated (Yang, Kautz, Hatamizadeh, "Gated Delta Networks", 2024).
/// </summary>
sealed class GatedDeltaNet : Part
{
    readonly Backend _backend;
    readonly DeltaShape _shape;
    readonly ConvolutionShape _convolution;
    readonly int _layer;
    readonly bool _isGrouped;
    readonly Weight[] _input;
    readonly Weight[] _output;
    readonly Weight _taps, _logRate, _bias, _norm;
    readonly float _epsilon;
    readonly Activations _mixed, _gate, _beta, _step, _states;
    readonly Activations[] _products;

    /// <param name="shape">Its sizes.</param>
    /// <param name="at">The beginning of its tensors' names.</param>
    /// <param name="hidden">Width of the stream.</param>
    /// <param name="layer">Its place among the recurrent layers.</param>
    /// <param name="build">Makes weights and buffers.</param>
    internal GatedDeltaNet(DeltaShape shape, string at, int hidden, int layer, ModelBuilder build)
    {
        _backend = build.Backend;
        (_shape, _convolution) = (shape, shape.Convolution);
        _layer = layer;
        _epsilon = build.Epsilon;
        _mixed = build.Buffer("mixed", shape.Channels);
        _gate = build.Buffer("delta gate", shape.Values);
        _beta = build.Buffer("beta", shape.ValueHeads);
        _step = build.Buffer("step", shape.ValueHeads);
        _states = build.Buffer("read", shape.Values);
        _isGrouped = build.Weights.HasLinear(at + "in_proj_qkvz");
        if (_isGrouped)
        {
            int columns = checked(shape.Channels + shape.Values);
            _input = [build.Linear(at + "in_proj_qkvz", columns, hidden), build.Linear(at + "in_proj_ba", 2 * shape.ValueHeads, hidden)];
            _products = [build.Buffer("grouped", columns), build.Buffer("grouped beta and step", 2 * shape.ValueHeads)];
        }
        else
        {
            _input =
            [
                build.Linear(at + "in_proj_qkv", shape.Channels, hidden), build.Linear(at + "in_proj_z", shape.Values, hidden),
                build.Linear(at + "in_proj_b", shape.ValueHeads, hidden), build.Linear(at + "in_proj_a", shape.ValueHeads, hidden),
            ];
            _products = [_mixed, _gate, _beta, _step];
        }

        _taps = build.Taps(at + "conv1d.weight", shape.Channels, DeltaShape.Taps);
        _logRate = build.Vector(at + "A_log", shape.ValueHeads);
        _bias = build.Vector(at + "dt_bias", shape.ValueHeads);

        // The one norm of these models that multiplies by its weight alone.
        _norm = build.Vector(at + "norm.weight", shape.ValueDim);
        _output = [build.Linear(at + "out_proj", hidden, shape.Values)];
    }

    internal override IEnumerable<Weight> Linears => [.. _input, .. _output];

    internal override long BytesPerToken => base.BytesPerToken + _taps.Bytes + _logRate.Bytes + _bias.Bytes + _norm.Bytes;

    internal override void Forward(Activations input, Activations output, Batch batch, StateCache cache)
    {
        int rows = batch.Count;
        RecurrentCache states = cache.Recurrent!;
        _backend.Linear(input, _input, _products, rows);
        if (_isGrouped)
        {
            int queries = _shape.Queries;
            _backend.Ungroup(
                _products[0],
                _shape.KeyHeads,
                [new(_mixed, 0, queries), new(_mixed, queries, queries), new(_mixed, 2 * queries, _shape.Values), new(_gate, 0, _shape.Values)],
                rows);
            _backend.Ungroup(_products[1], _shape.KeyHeads, [new(_beta, 0, _shape.ValueHeads), new(_step, 0, _shape.ValueHeads)], rows);
        }

        _backend.Convolve(_mixed, _taps, null, states, _layer, _convolution, batch);
        _backend.GatedDelta(_mixed, _beta, _step, _logRate, _bias, states, _layer, _shape, batch, _states);
        _backend.GatedNorm(_states, _gate, _norm, _epsilon, rows);
        _backend.Linear(_gate, _output, [output], rows);
    }
}
