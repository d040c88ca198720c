using Octet.Backends;
using Octet.Checkpoints.Families;

namespace Octet.Models;

/// <summary>What each token of an encoder goes through by itself: a wide layer with a function, or two of which one gates the other, and one back.</summary>
sealed class EncoderFeedForward
{
    readonly Backend _backend;
    readonly Nonlinearity _function;
    readonly Gating? _gating;
    readonly Weight[] _inner;
    readonly Weight[] _outer;
    readonly Activations _wide;
    readonly Activations? _gate;

    /// <param name="spec">The sizes.</param>
    /// <param name="at">The beginning of its tensors' names.</param>
    /// <param name="build">Makes weights and buffers.</param>
    internal EncoderFeedForward(EncoderSpec spec, string at, ModelBuilder build)
    {
        _backend = build.Backend;
        _function = spec.Function;
        _gating = spec.Gating;
        _inner = _gating is null
            ? [build.Packed(at + spec.Names.Inner, spec.Inner, spec.HiddenSize, spec.HasBias)]
            : build.PackedParts(at + spec.Names.Inner, [spec.Inner, spec.Inner], spec.HiddenSize);
        _outer = [build.Packed(at + spec.Names.Outer, spec.HiddenSize, spec.Inner, spec.HasBias)];
        _wide = build.Buffer("wide", spec.Inner);
        _gate = _gating is null ? null : build.Buffer("gate", spec.Inner);
    }

    internal IEnumerable<Weight> Linears => [.. _inner, .. _outer];

    internal void Forward(Activations input, Activations output, int rows)
    {
        if (_gating is { } gating)
        {
            _backend.GateUp(input, _inner, gating, _wide, _gate!, rows);
        }
        else
        {
            _backend.Linear(input, _inner[0], _function, _wide, rows);
        }

        _backend.Linear(_wide, _outer, [output], rows);
    }
}
