using Octet.Backends;
using Octet.Checkpoints.Families;

namespace Octet.Models;

/// <summary>Two layers side by side, of which one gates the other, and one behind them (Shazeer, "GLU Variants Improve Transformer", 2020).</summary>
sealed class GatedFeedForward : Part
{
    readonly Backend _backend;
    readonly Gating _gating;
    readonly Weight[] _gateUp;
    readonly Weight[] _down;
    readonly Activations _gate, _up;

    /// <param name="spec">Its sizes.</param>
    /// <param name="at">The beginning of its tensors' names.</param>
    /// <param name="hidden">Width of the stream.</param>
    /// <param name="build">Makes weights and buffers.</param>
    internal GatedFeedForward(GatedSpec spec, string at, int hidden, ModelBuilder build)
    {
        _backend = build.Backend;
        _gating = spec.Gating;
        _gateUp = spec.IsFused
            ? build.Fused(at + spec.FusedName, [spec.Inner, spec.Inner], hidden)
            : [build.Linear(at + spec.LayerNames.Gate, spec.Inner, hidden, spec.HasBias), build.Linear(at + spec.LayerNames.Up, spec.Inner, hidden, spec.HasBias)];
        _down = [build.Linear(at + spec.LayerNames.Down, hidden, spec.Inner, spec.HasBias)];
        _gate = build.Buffer("gate", spec.Inner);
        _up = build.Buffer("up", spec.Inner);
    }

    internal override IEnumerable<Weight> Linears => [.. _gateUp, .. _down];

    internal override void Forward(Activations input, Activations output, Batch batch, StateCache cache)
    {
        _backend.GateUp(input, _gateUp, _gating, _gate, _up, batch.Count);
        _backend.Linear(_gate, _down, [output], batch.Count);
    }
}
