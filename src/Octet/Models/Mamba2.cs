using Octet.Backends;
using Octet.Checkpoints.Families;

namespace Octet.Models;

/// <summary>
/// Mamba-2: a short convolution over x, B and C, then a state for each head that fades by a token's step and takes in x where B says, read where C
/// says, gated and normed (Dao, Gu, "Transformers are SSMs", 2024).
/// </summary>
sealed class Mamba2 : Part
{
    readonly Backend _backend;
    readonly StateSpaceShape _shape;
    readonly ConvolutionShape _convolution;
    readonly int _layer, _normGroups;
    readonly float _epsilon, _gateScale, _stepScale;
    readonly Weight[] _input, _output;
    readonly Weight _taps;
    readonly Weight? _bias, _norm;
    readonly StateSpaceWeights _weights;
    readonly Activations _gate, _mixed, _step, _read;

    /// <param name="spec">Its sizes.</param>
    /// <param name="at">The beginning of its tensors' names.</param>
    /// <param name="hidden">Width of the stream.</param>
    /// <param name="layer">Its place among the recurrent layers.</param>
    /// <param name="build">Makes weights and buffers.</param>
    internal Mamba2(StateSpaceSpec spec, string at, int hidden, int layer, ModelBuilder build)
    {
        StateSpaceShape shape = spec.Shape;
        (_backend, _epsilon, _layer, _normGroups) = (build.Backend, build.Epsilon, layer, spec.NormGroups);
        (_shape, _convolution) = (shape, shape.Convolution);
        _input = build.Fused(at + "in_proj", [shape.Inner, shape.Channels, shape.Heads], hidden, spec.HasBias);
        StateSpaceFactors factors = spec.Factors ?? new(1, 1, 1, 1, 1);
        (_gateScale, _stepScale) = ((float)factors.Gate, (float)factors.Step);

        // Of what the convolution goes over the factors are in its taps: nothing else sees it before.
        _taps = build.Taps(at + "conv1d.weight", shape.Channels, shape.Taps, spec.Factors is null ? [] : ChannelFactors(factors, shape));
        _bias = spec.HasConvolutionBias ? build.Vector(at + "conv1d.bias", shape.Channels) : null;
        _weights = new StateSpaceWeights(build.Vector(at + "A_log", shape.Heads), build.Vector(at + "dt_bias", shape.Heads), build.Vector(at + "D", shape.Heads));
        _norm = spec.HasNorm ? build.PlainNorm(at + "norm", shape.Inner) : null;
        _output = [build.Linear(at + "out_proj", hidden, shape.Inner, spec.HasBias)];
        _gate = build.Buffer("mamba gate", shape.Inner);
        _mixed = build.Buffer("mixed", shape.Channels);
        _step = build.Buffer("step", shape.Heads);
        _read = build.Buffer("read", shape.Inner);
    }

    internal override IEnumerable<Weight> Linears => [.. _input, .. _output];

    internal override long BytesPerToken => base.BytesPerToken + _taps.Bytes + (_bias?.Bytes ?? 0) + _weights.Bytes + (_norm?.Bytes ?? 0);

    internal override void Forward(Activations input, Activations output, Batch batch, StateCache cache)
    {
        RecurrentCache states = cache.Recurrent!;
        _backend.Linear(input, _input, [_gate, _mixed, _step], batch.Count);
        Scale(_gate, _gateScale, batch.Count);
        Scale(_step, _stepScale, batch.Count);
        _backend.Convolve(_mixed, _taps, _bias, states, _layer, _convolution, batch);
        _backend.StateSpace(_mixed, _step, _weights, states, _layer, _shape, batch, _read);
        _backend.NormGated(_read, _gate, _normGroups, _norm, _epsilon, batch.Count);
        _backend.Linear(_gate, _output, [output], batch.Count);
    }

    void Scale(Activations states, float factor, int rows)
    {
        if (factor != 1)
        {
            _backend.AddScaled(states, null, factor, rows);
        }
    }

    static float[] ChannelFactors(StateSpaceFactors factors, StateSpaceShape shape) =>
    [
        .. Enumerable.Repeat((float)factors.X, shape.Inner), .. Enumerable.Repeat((float)factors.B, shape.Shared), .. Enumerable.Repeat((float)factors.C, shape.Shared),
    ];
}
