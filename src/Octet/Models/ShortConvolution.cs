using Octet.Backends;
using Octet.Checkpoints.Families;

namespace Octet.Models;

/// <summary>A short convolution between two gates, all of the same input: B * x is convolved, and C times that is what comes out (Liquid AI, LFM2, 2025).</summary>
sealed class ShortConvolution : Part
{
    readonly Backend _backend;
    readonly ConvolutionShape _shape;
    readonly int _layer;
    readonly Weight[] _input, _output;
    readonly Weight _taps;
    readonly Weight? _bias;
    readonly Activations _before, _after, _mixed;

    /// <param name="spec">Its sizes.</param>
    /// <param name="at">The beginning of its tensors' names.</param>
    /// <param name="hidden">Width of the stream.</param>
    /// <param name="layer">Its place among the recurrent layers.</param>
    /// <param name="build">Makes weights and buffers.</param>
    internal ShortConvolution(ShortConvolutionSpec spec, string at, int hidden, int layer, ModelBuilder build)
    {
        (_backend, _shape, _layer) = (build.Backend, spec.Shape, layer);
        int channels = spec.Shape.Channels;
        _input = build.Fused(at + "in_proj", [channels, channels, channels], hidden, spec.HasBias);
        _taps = build.Taps(at + "conv.weight", channels, spec.Shape.Taps);
        _bias = spec.HasBias ? build.Vector(at + "conv.bias", channels) : null;
        _output = [build.Linear(at + "out_proj", hidden, channels, spec.HasBias)];
        _before = build.Buffer("convolution gate before", channels);
        _after = build.Buffer("convolution gate behind", channels);
        _mixed = build.Buffer("mixed", channels);
    }

    internal override IEnumerable<Weight> Linears => [.. _input, .. _output];

    internal override long BytesPerToken => base.BytesPerToken + _taps.Bytes + (_bias?.Bytes ?? 0);

    internal override void Forward(Activations input, Activations output, Batch batch, StateCache cache)
    {
        int rows = batch.Count;
        _backend.Linear(input, _input, [_before, _after, _mixed], rows);
        _backend.Multiply(_mixed, new(_before, 0, _before.Columns), rows);
        _backend.Convolve(_mixed, _taps, _bias, cache.Recurrent!, _layer, _shape, batch);
        _backend.Multiply(_mixed, new(_after, 0, _after.Columns), rows);
        _backend.Linear(_mixed, _output, [output], rows);
    }
}
