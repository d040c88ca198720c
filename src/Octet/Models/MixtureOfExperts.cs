using Octet.Backends;
using Octet.Checkpoints.Families;

namespace Octet.Models;

/// <summary>
/// Layers of which each token goes to a few, that a router chooses for it (Shazeer et al., "Outrageously Large Neural Networks", 2017);
/// beside them there may be one for every token.
/// </summary>
sealed class MixtureOfExperts : Part
{
    readonly Backend _backend;
    readonly RoutingRule _rule;
    readonly Gating _gating;
    readonly Nonlinearity? _plain;
    readonly Weight[] _router;
    readonly Weight? _correction, _factors;
    readonly ExpertWeights _experts;
    readonly Part? _shared;
    readonly Weight[] _toLatent = [], _fromLatent = [];
    readonly Activations? _weighed, _latent, _latentSum, _expanded;
    readonly Weight? _sharedGate;
    readonly Activations _logits;
    readonly Activations? _sharedLogit;
    readonly Routes _routes;

    /// <param name="spec">Its sizes.</param>
    /// <param name="at">The beginning of its tensors' names.</param>
    /// <param name="hidden">Width of the stream.</param>
    /// <param name="build">Makes weights and buffers.</param>
    internal MixtureOfExperts(ExpertsSpec spec, string at, int hidden, ModelBuilder build)
    {
        _backend = build.Backend;
        _rule = spec.Rule;
        (_gating, _plain) = (spec.Gating, spec.Plain);
        _router = [build.Linear(at + spec.RouterName, spec.Rule.Experts, hidden, spec.HasRouterBias)];
        _correction = spec.CorrectionName is { } name ? build.Vector(spec.OtherCorrectionName is { } other ? build.Weights.Stored(at + name, at + other) : at + name, spec.Rule.Experts) : null;
        _factors = spec.FactorsName is { } factors ? build.Vector(at + factors, spec.Rule.Experts) : null;
        int width = spec.Latent ?? hidden;
        _experts = build.Experts(spec, at, width);
        _backend.Prepare(_experts);
        if (spec.Shared is { } shared)
        {
            _shared = build.FeedForward(shared, at, hidden);
        }

        if (spec.Latent is not null)
        {
            _toLatent = [build.Linear(at + "fc1_latent_proj", width, hidden)];
            _fromLatent = [build.Linear(at + "fc2_latent_proj", hidden, width)];
            _latent = build.Buffer("experts' latent input", width);
            _latentSum = build.Buffer("experts' latent output", width);
            _expanded = build.Buffer("experts, out of the latent", hidden);
        }

        if (spec.SharedGateName is { } gate)
        {
            _sharedGate = build.Linear(at + gate, 1, hidden);
            _sharedLogit = build.Buffer("shared expert", 1);
        }

        _weighed = spec.WeighsInputs ? build.Buffer("experts' weighed input", hidden) : null;
        _logits = build.Buffer("router", spec.Rule.Experts);
        _routes = build.Routes(spec.Rule, width, spec.Inner);
    }

    internal override IEnumerable<Weight> Linears => [.. Always, .. _experts.All];

    internal override long LinearWeights => Count(Always) + (Count(_experts.All) / _rule.Experts * _rule.Chosen);

    internal override long BytesPerToken => Always.Sum(weight => weight.Bytes) + (_experts.All.Sum(weight => weight.Bytes) / _rule.Experts * _rule.Chosen);

    internal override long ExpertBytes => _experts.All.Sum(weight => weight.Bytes);

    /// <summary>How often each expert was chosen, where somebody counts.</summary>
    internal long[]? Uses { get; private set; }

    internal override double BytesPerStep(int tokens)
        => Always.Sum(weight => weight.Bytes) + (_experts.All.Sum(weight => weight.Bytes) * (1 - Math.Pow(1 - ((double)_rule.Chosen / _rule.Experts), tokens)));

    /// <summary>Counts from now on.</summary>
    internal void Count() => Uses ??= new long[_rule.Experts];

    IEnumerable<Weight> Always => [.. _router, .. _toLatent, .. _fromLatent, .. _shared?.Linears ?? [], .. _sharedGate is null ? (Weight[])[] : [_sharedGate]];

    internal override void Forward(Activations input, Activations output, Batch batch, StateCache cache)
    {
        _backend.Linear(input, _router, [_logits], batch.Count);
        Compute(input, output, batch, cache);
    }

    /// <summary>The same where the router sees something else.</summary>
    /// <param name="seen">What it sees.</param>
    /// <param name="factor">What its logits are multiplied with.</param>
    /// <param name="input">What experts are given.</param>
    /// <param name="output">Receives what they make of it.</param>
    /// <param name="batch">The rows.</param>
    /// <param name="cache">What their sequences keep.</param>
    internal void Forward(Activations seen, float factor, Activations input, Activations output, Batch batch, StateCache cache)
    {
        _backend.Linear(seen, _router, [_logits], batch.Count);
        _backend.AddScaled(_logits, null, factor, batch.Count);
        Compute(input, output, batch, cache);
    }

    void Compute(Activations input, Activations output, Batch batch, StateCache cache)
    {
        int rows = batch.Count;
        _backend.Route(_logits, _rule, _correction, _factors, _routes, rows);
        for (int row = 0; Uses is not null && row < rows; row++)
        {
            foreach (int expert in _routes.Experts(row))
            {
                Uses[expert]++;
            }
        }

        if (_shared is not null)
        {
            _shared.Forward(input, output, batch, cache);
            if (_sharedGate is not null)
            {
                _backend.Linear(input, [_sharedGate], [_sharedLogit!], rows);
                _backend.GateRows(_sharedLogit!, output, rows);
            }
        }

        if (_weighed is not null)
        {
            _backend.WeighInputs(input, _routes, _weighed, rows);
            input = _weighed;
        }

        if (_latent is null)
        {
            ComputeExperts(input, output, adds: _shared is not null, rows);
            return;
        }

        // Experts work in a narrower space than the stream's (Nemotron 3 Super).
        _backend.Linear(input, _toLatent, [_latent], rows);
        ComputeExperts(_latent, _latentSum!, adds: false, rows);
        _backend.Linear(_latentSum!, _fromLatent, [_shared is null ? output : _expanded!], rows);
        if (_shared is not null)
        {
            _backend.AddScaled(output, _expanded, 1, rows);
        }
    }

    void ComputeExperts(Activations input, Activations output, bool adds, int rows)
    {
        if (_plain is { } function)
        {
            _backend.PlainExperts(input, _routes, _experts, function, output, adds, rows);
        }
        else
        {
            _backend.Experts(input, _routes, _experts, _gating, output, adds, rows);
        }
    }

    static long Count(IEnumerable<Weight> weights) => weights.Sum(weight => weight.Rows * weight.Columns);
}
