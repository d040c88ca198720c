using Octet.Backends;
using Octet.Checkpoints.Families;

namespace Octet.Models;

/// <summary>
/// Kimi Delta Attention: the gated delta rule in which every channel of a key forgets at a rate of its own, made through a narrow layer as the gate of
/// what is read is; queries, keys and values have short convolutions of their own (Kimi Team, "Kimi Linear", 2025).
/// </summary>
sealed class KimiDeltaAttention : Part
{
    readonly Backend _backend;
    readonly DeltaShape _shape;
    readonly int _layer;
    readonly float _epsilon;
    readonly Weight[] _input, _steps, _gates, _output;
    readonly Weight _logRate, _bias, _norm;
    readonly Strand[] _strands;
    readonly Activations _mixed, _beta, _lowStep, _lowGate, _step, _gate, _read;
    readonly Activations[] _products;

    /// <param name="spec">Its sizes.</param>
    /// <param name="at">The beginning of its tensors' names.</param>
    /// <param name="hidden">Width of the stream.</param>
    /// <param name="layer">Its place among the recurrent layers.</param>
    /// <param name="build">Makes weights and buffers.</param>
    internal KimiDeltaAttention(KimiDeltaSpec spec, string at, int hidden, int layer, ModelBuilder build)
    {
        DeltaShape shape = spec.Shape;
        (_backend, _shape, _layer, _epsilon) = (build.Backend, shape, layer, build.Epsilon);
        _strands = [CreateStrand("q", shape.Queries, 0), CreateStrand("k", shape.Queries, shape.Queries), CreateStrand("v", shape.Values, 2 * shape.Queries)];
        _input =
        [
            .. new[] { ("q_proj", shape.Queries), ("k_proj", shape.Queries), ("v_proj", shape.Values), ("b_proj", shape.ValueHeads), ("f_a_proj", spec.Rank), ("g_a_proj", spec.Rank) }
                .Select(part => build.Linear(at + part.Item1, part.Item2, hidden)),
        ];
        _steps = [build.Linear(at + "f_b_proj", shape.Steps, spec.Rank)];
        _gates = [build.Linear(at + "g_b_proj", shape.Values, spec.Rank)];
        _output = [build.Linear(at + "o_proj", hidden, shape.Values)];
        _logRate = build.HeadNumbers(at + "A_log", shape.ValueHeads);
        _bias = build.Vector(at + "dt_bias", shape.Steps);
        _norm = build.PlainNorm(at + "o_norm", shape.ValueDim);
        _mixed = build.Buffer("mixed", shape.Channels);
        _beta = build.Buffer("beta", shape.ValueHeads);
        _lowStep = build.Buffer("narrow steps", spec.Rank);
        _lowGate = build.Buffer("narrow gate", spec.Rank);
        _step = build.Buffer("steps of channels", shape.Steps);
        _gate = build.Buffer("delta gate", shape.Values);
        _read = build.Buffer("read", shape.Values);
        _products = [.. _strands.Select(strand => strand.Buffer), _beta, _lowStep, _lowGate];

        // Their last inputs lie one after the other behind the states of the heads.
        Strand CreateStrand(string name, int channels, int before) => new(
            build.Buffer($"delta {name}", channels),
            build.Taps($"{at}{name}_conv1d.weight", channels, DeltaShape.Taps),
            new ConvolutionShape(channels, DeltaShape.Taps, checked(shape.StateFloats + ((DeltaShape.Taps - 1) * before)), HasSilu: true),
            before);
    }

    internal override IEnumerable<Weight> Linears => [.. _input, .. _steps, .. _gates, .. _output];

    internal override long BytesPerToken => base.BytesPerToken + _strands.Sum(strand => strand.Taps.Bytes) + _logRate.Bytes + _bias.Bytes + _norm.Bytes;

    internal override void Forward(Activations input, Activations output, Batch batch, StateCache cache)
    {
        int rows = batch.Count;
        RecurrentCache states = cache.Recurrent!;
        _backend.Linear(input, _input, _products, rows);
        _backend.Linear(_lowStep, _steps, [_step], rows);
        _backend.Linear(_lowGate, _gates, [_gate], rows);
        foreach (Strand strand in _strands)
        {
            _backend.Convolve(strand.Buffer, strand.Taps, null, states, _layer, strand.Shape, batch);
            _backend.Ungroup(strand.Buffer, 1, [new(_mixed, strand.First, strand.Shape.Channels)], rows);
        }

        _backend.GatedDelta(_mixed, _beta, _step, _logRate, _bias, states, _layer, _shape, batch, _read);
        _backend.NormHeads(_read, _shape.ValueDim, _norm, _epsilon, rows);
        _backend.GateOutput(_read, _gate, rows);
        _backend.Linear(_read, _output, [output], rows);
    }

    /// <summary>Queries, keys or values, and their convolution.</summary>
    sealed record Strand(Activations Buffer, Weight Taps, ConvolutionShape Shape, int First);
}
