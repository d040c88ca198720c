using Octet.Backends;
using Octet.Checkpoints.Families;

namespace Octet.Models;

/// <summary>A wide layer with xIELU, whose slopes are learnt for each layer, and one back (Huang and Schlag, "Deriving Activation Functions Using Integration", 2024).</summary>
sealed class XieluFeedForward : Part
{
    // What the class takes where a file has none.
    const float DefaultBeta = 0.5f;
    const float DefaultLimit = -1e-6f;

    readonly Backend _backend;
    readonly Xielu _function;
    readonly Weight[] _up, _down;
    readonly Activations _wide;

    /// <param name="spec">Its sizes.</param>
    /// <param name="at">The beginning of its tensors' names.</param>
    /// <param name="hidden">Width of the stream.</param>
    /// <param name="build">Makes weights and buffers.</param>
    internal XieluFeedForward(XieluSpec spec, string at, int hidden, ModelBuilder build)
    {
        _backend = build.Backend;
        _up = [build.Linear(at + "up_proj", spec.Inner, hidden, spec.HasBias)];
        _down = [build.Linear(at + "down_proj", hidden, spec.Inner, spec.HasBias)];
        _wide = build.Buffer("wide", spec.Inner);
        float beta = build.Weights.Scalar(at + "act_fn.beta") ?? DefaultBeta;
        _function = new Xielu(SoftPlus(build.Weights.Required(at + "act_fn.alpha_p")), beta + SoftPlus(build.Weights.Required(at + "act_fn.alpha_n")), beta, build.Weights.Scalar(at + "act_fn.eps") ?? DefaultLimit);
    }

    internal override IEnumerable<Weight> Linears => [.. _up, .. _down];

    internal override void Forward(Activations input, Activations output, Batch batch, StateCache cache)
    {
        _backend.Linear(input, _up, [_wide], batch.Count);
        _backend.Apply(_function, _wide, batch.Count);
        _backend.Linear(_wide, _down, [output], batch.Count);
    }

    static float SoftPlus(float x) => (float)(Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs((double)x))));
}
