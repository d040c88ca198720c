using Octet.Backends;
using Octet.Checkpoints.Families;

namespace Octet.Models;

/// <summary>A mixture of experts beside a dense part (Gemma 4): it and its router see the stream itself, each through a norm of its own, and what both parts give is normed before it is added.</summary>
sealed class ExpertsBeside
{
    readonly Backend _backend;
    readonly float _epsilon, _logitFactor;
    readonly Weight _afterDense, _beforeRouter, _before, _after;
    readonly Activations _seen, _input, _output;

    /// <param name="spec">Its sizes.</param>
    /// <param name="at">The beginning of its layer's names.</param>
    /// <param name="hidden">Width of the stream.</param>
    /// <param name="build">Makes weights and buffers.</param>
    internal ExpertsBeside(ExpertsSpec spec, string at, int hidden, ModelBuilder build)
    {
        (_backend, _epsilon, _logitFactor) = (build.Backend, build.Epsilon, 1 / MathF.Sqrt(hidden));
        _afterDense = build.Norm(at + "post_feedforward_layernorm_1", hidden);
        _beforeRouter = build.Vector(at + "router.scale", hidden);
        _before = build.Norm(at + "pre_feedforward_layernorm_2", hidden);
        Experts = new MixtureOfExperts(spec, at, hidden, build);
        _after = build.Norm(at + "post_feedforward_layernorm_2", hidden);
        _seen = build.Buffer("router's input", hidden);
        _input = build.Buffer("experts' input", hidden);
        _output = build.Buffer("experts' output", hidden);
    }

    internal MixtureOfExperts Experts { get; }

    /// <summary>Bytes of its norms.</summary>
    internal long NormBytes => _afterDense.Bytes + _beforeRouter.Bytes + _before.Bytes + _after.Bytes;

    /// <summary>Adds what the experts make of the stream to what the dense part made of it.</summary>
    internal void Forward(Activations stream, Activations dense, Batch batch, StateCache cache)
    {
        int rows = batch.Count;
        _backend.AddRmsNorm(dense, null, _afterDense, _epsilon, dense, rows);
        _backend.AddRmsNorm(stream, null, _beforeRouter, _epsilon, _seen, rows);
        _backend.AddRmsNorm(stream, null, _before, _epsilon, _input, rows);
        Experts.Forward(_seen, _logitFactor, _input, _output, batch, cache);
        _backend.AddRmsNorm(_output, null, _after, _epsilon, _output, rows);
        _backend.AddScaled(dense, _output, 1, rows);
    }
}
