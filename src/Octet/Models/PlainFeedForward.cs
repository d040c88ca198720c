using Octet.Backends;
using Octet.Checkpoints.Families;

namespace Octet.Models;

/// <summary>A wide layer with a function, and one back (Vaswani et al., "Attention Is All You Need", 2017).</summary>
sealed class PlainFeedForward : Part
{
    readonly Backend _backend;
    readonly Nonlinearity _function;
    readonly Weight _up;
    readonly Weight[] _down;
    readonly Activations _wide;

    /// <param name="spec">Its sizes.</param>
    /// <param name="at">The beginning of its tensors' names.</param>
    /// <param name="hidden">Width of the stream.</param>
    /// <param name="build">Makes weights and buffers.</param>
    internal PlainFeedForward(PlainSpec spec, string at, int hidden, ModelBuilder build)
    {
        (_backend, _function) = (build.Backend, spec.Function);
        _up = build.Linear(at + "up_proj", spec.Inner, hidden, spec.HasBias);
        _down = [build.Linear(at + "down_proj", hidden, spec.Inner, spec.HasBias)];
        _wide = build.Buffer("wide", spec.Inner);
    }

    internal override IEnumerable<Weight> Linears => [_up, .. _down];

    internal override void Forward(Activations input, Activations output, Batch batch, StateCache cache)
    {
        _backend.Linear(input, _up, _function, _wide, batch.Count);
        _backend.Linear(_wide, _down, [output], batch.Count);
    }
}
