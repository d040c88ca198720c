using System.Numerics.Tensors;

namespace Octet.Backends.Cpu;

/// <summary>
/// Mixtures of experts. Tokens are put in the order of experts; then all chosen experts' gates and ups are one region, their downs another,
/// whose units threads share as those of a dense layer: a decoded token reads its experts' weights and no others, with few barriers.
/// </summary>
sealed unsafe partial class CpuBackend
{
    // Tokens that wait for memory, not for arithmetic, and whose inputs kernels lay out for themselves in less time than a region takes.
    const int FewTokens = 3;

    readonly RouteWork _route = new();
    readonly ExpertInputWork _expertInput = new();
    readonly PrepareGroupsWork _prepareGroups = new();
    readonly GatePairsWork _gatePairs = new();
    readonly SumWork _sum = new();
    readonly GateRowsWork _gateRows = new();

    internal override Routes CreateRoutes(int rows, RoutingRule rule, int hidden, int inner) => new CpuRoutes(rows, rule, hidden, inner, Memory);

    internal override void Route(Activations logits, RoutingRule rule, Weight? correction, Weight? factors, Routes routes, int rows)
    {
        Check(logits, rows, rule.Experts);
        ArgumentOutOfRangeException.ThrowIfNotEqual(factors?.Columns ?? rule.Experts, rule.Experts, nameof(factors));
        ArgumentOutOfRangeException.ThrowIfNotEqual(routes.Chosen, rule.Chosen, nameof(routes));
        _route.Logits = (CpuActivations)logits;
        _route.Rule = rule;
        _route.Correction = (CpuVector?)correction;
        _route.Factors = (CpuVector?)factors;
        _route.Routes = (CpuRoutes)routes;
        _route.Rows = rows;
        _pool.Run(_route);
        _route.Routes.Sort(rows);
    }

    internal override void Experts(Activations input, Routes routes, ExpertWeights experts, Gating gating, Activations output, bool adds, int rows)
    {
        var r = (CpuRoutes)routes;
        Check(input, rows, experts.Gate[0].Columns);
        Check(output, rows, checked((int)experts.Down[0].Rows));
        ArgumentOutOfRangeException.ThrowIfNotEqual(r.Pairs, rows * r.Chosen, nameof(routes));

        SetInputs((CpuActivations)input, r, experts.Gate);
        if (SameInputs(r, experts.Gate, experts.Up))
        {
            Begin(gating);
            SetItems(r, experts.Gate, r.Gate, first: 0, step: 2);
            SetItems(r, experts.Up, r.Up, first: 1, step: 2);
            _pool.Run(_linear);
        }
        else
        {
            // Each has a scale of its own for its inputs, which are made in the same memory.
            RunItems(r, experts.Gate, r.Gate);
            SetInputs((CpuActivations)input, r, experts.Up);
            RunItems(r, experts.Up, r.Up);
            _gatePairs.Kernels = _kernels;
            _gatePairs.Routes = r;
            _gatePairs.Gating = gating;
            _pool.Run(_gatePairs);
        }

        FinishExperts(r, experts.Down, (CpuActivations)output, adds, rows);
    }

    internal override void PlainExperts(Activations input, Routes routes, ExpertWeights experts, Nonlinearity function, Activations output, bool adds, int rows)
    {
        var r = (CpuRoutes)routes;
        Check(input, rows, experts.Up[0].Columns);
        Check(output, rows, checked((int)experts.Down[0].Rows));
        ArgumentOutOfRangeException.ThrowIfNotEqual(r.Pairs, rows * r.Chosen, nameof(routes));

        // What is between an expert's layers is where it is of gated ones.
        SetInputs((CpuActivations)input, r, experts.Up);
        RunItems(r, experts.Up, r.Gate, function);
        FinishExperts(r, experts.Down, (CpuActivations)output, adds, rows);
    }

    void FinishExperts(CpuRoutes routes, Weight[] down, CpuActivations output, bool adds, int rows)
    {
        SetInputs(null, routes, down);
        RunItems(routes, down, routes.Results);
        _sum.Routes = routes;
        _sum.Output = output;
        _sum.Adds = adds;
        _sum.Rows = rows;
        _pool.Run(_sum);
    }

    internal override void GateRows(Activations gate, Activations states, int rows)
    {
        Check(gate, rows, 1);
        Check(states, rows, states.Columns);
        _gateRows.Gate = (CpuActivations)gate;
        _gateRows.States = (CpuActivations)states;
        _gateRows.Rows = rows;
        _pool.Run(_gateRows);
    }

    void RunItems(CpuRoutes routes, Weight[] weights, CpuActivations output, Nonlinearity? function = null)
    {
        Begin(null, function);
        SetItems(routes, weights, output, first: 0, step: 1);
        _pool.Run(_linear);
    }

    void Begin(Gating? gating, Nonlinearity? function = null)
    {
        _linear.Kernels = _kernels;
        _linear.Owner = this;
        _linear.Gating = gating;
        _linear.Function = function;
        _linear.Count = 0;
    }

    void SetItems(CpuRoutes routes, Weight[] weights, CpuActivations output, int first, int step)
    {
        for (int group = 0; group < routes.GroupCount; group++)
        {
            var weight = (CpuWeight)weights[routes.Expert(group)];
            LinearInput input = routes.Sources[group];
            if (input.Prepared is not null && _kernels.PreparedLayout(weight, input.Rows) != _kernels.PreparedLayout(_prepareGroups.Weight(group), input.Rows))
            {
                input = input with { Prepared = null };
            }

            _expansion.Reserve(weight.ExpansionBytes);
            _linear.Set(first + (group * step), weight, input, output.Row(routes.First(group)), output.Stride);
        }

        _linear.Count = Math.Max(_linear.Count, routes.GroupCount * step);
        _scratch.Reserve((long)_kernels.LinearScratch(weights[0].Columns) * sizeof(float));
    }

    static bool SameInputs(CpuRoutes routes, Weight[] some, Weight[] others)
    {
        for (int group = 0; group < routes.GroupCount; group++)
        {
            var one = (CpuWeight)some[routes.Expert(group)];
            var other = (CpuWeight)others[routes.Expert(group)];
            if (one.Input != other.Input || !one.InputFactors.AsSpan().SequenceEqual(other.InputFactors))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// The inputs of all groups, as their weights want them: rows of <paramref name="x"/>, or what experts have between their layers where
    /// that is null. Where all experts quantise alike, tokens are quantised once and not for each of their experts.
    /// </summary>
    void SetInputs(CpuActivations? x, CpuRoutes routes, Weight[] weights)
    {
        var first = (CpuWeight)weights[routes.Expert(0)];
        bool alike = true;
        bool plain = true;
        for (int group = 0; group < routes.GroupCount; group++)
        {
            var weight = (CpuWeight)weights[routes.Expert(group)];
            alike &= weight.Input == first.Input && weight.InputFactors is null;
            plain &= weight.Input is null && weight.InputFactors is null;
        }

        int rows = routes.Pairs / routes.Chosen;
        LinearInput source = x is null ? default : new(x.Row(0), x.Stride, rows, null, 0);
        if (x is not null && alike && first.Input is { } rule)
        {
            source = Quantize(x, first.Columns, rule, rows, _inputs[0]);
            plain = true;
        }

        CpuActivations? gathered = x is null ? routes.Gate : null;
        if (!plain || (x is not null && routes.Pairs > routes.GroupCount))
        {
            gathered ??= routes.Gathered;
            _expertInput.Routes = routes;
            _expertInput.Weights = weights;
            _expertInput.Source = source;
            _expertInput.IsReady = plain;
            _expertInput.Output = gathered;
            _expertInput.Columns = first.Columns;
            _pool.Run(_expertInput);
        }

        bool scaled = source.Scales is not null || !plain;
        for (int group = 0; group < routes.GroupCount; group++)
        {
            int pair = routes.First(group);
            int token = routes.Token(pair);
            bool hasScales = source.Scales is not null || (!plain && ((CpuWeight)weights[routes.Expert(group)]).Input is not null);
            routes.Sources[group] = gathered is null
                ? new(source.Data + ((nint)token * source.Stride), source.Stride, 1, source.Scales is null ? null : source.Scales + ((nint)token * source.ScaleStride), source.ScaleStride)
                : new(gathered.Row(pair), gathered.Stride, routes.Count(group), scaled && hasScales ? routes.GatheredScales.Row(pair) : null, routes.GatheredScales.Stride);
        }

        Prepare(x is not null && rows == 1 && plain, routes, weights);
    }

    /// <summary>Lays out what kernels do not take as it is; one input of all groups once.</summary>
    void Prepare(bool isShared, CpuRoutes routes, Weight[] weights)
    {
        _prepareGroups.Begin(this, routes, weights);
        long bytes = 0;
        for (int group = 0; group < (isShared ? 1 : routes.GroupCount); group++)
        {
            LinearInput input = routes.Sources[group];
            long wanted = isShared || input.Rows > FewTokens ? _kernels.PreparedBytes((CpuWeight)weights[routes.Expert(group)], input.Rows) : 0;
            if (wanted > 0)
            {
                _prepareGroups.Add(group, bytes);
                bytes += (wanted + 63) / 64 * 64;
            }
        }

        if (bytes == 0)
        {
            return;
        }

        byte* memory = routes.Prepared.Reserve(bytes);
        _prepareGroups.Memory = memory;
        _pool.Run(_prepareGroups);
        _prepareGroups.Place();
        for (int group = 1; isShared && group < routes.GroupCount; group++)
        {
            // The layouts of others are compared with that of the first.
            routes.Sources[group] = routes.Sources[group] with { Prepared = routes.Sources[0].Prepared };
        }
    }

    sealed class RouteWork : ParallelWork
    {
        internal CpuActivations Logits = null!;
        internal RoutingRule Rule = null!;
        internal CpuVector? Correction;
        internal CpuVector? Factors;
        internal CpuRoutes Routes = null!;
        internal int Rows;

        internal override long Units => Rows;

        internal override void Run(int worker, long first, long end)
        {
            for (int row = (int)first; row < end; row++)
            {
                ReadOnlySpan<float> correction = Correction is null ? default : new(Correction.Data, Correction.Columns);
                Span<int> experts = Routes.ExpertsToFill(row);
                Span<float> weights = Routes.WeightsToFill(row);
                Router.Choose(new(Logits.Row(row), Rule.Experts), Rule, correction, experts, weights);
                for (int i = 0; Factors is not null && i < weights.Length; i++)
                {
                    weights[i] *= Factors.Data[experts[i]];
                }
            }
        }
    }

    /// <summary>Inputs in the order of pairs, with the factors and in the codes of their experts where they are not there yet.</summary>
    sealed class ExpertInputWork : ParallelWork
    {
        internal CpuRoutes Routes = null!;
        internal Weight[] Weights = null!;
        internal LinearInput Source;
        internal bool IsReady;
        internal CpuActivations Output = null!;
        internal int Columns;

        internal override long Units => Routes.Pairs;

        internal override void Run(int worker, long first, long end)
        {
            int groups = (Columns + CpuKernels.ActivationGroup - 1) / CpuKernels.ActivationGroup;
            for (int pair = (int)first; pair < end; pair++)
            {
                Span<float> row = new(Output.Row(pair), Columns);
                Span<float> scales = new(Routes.GatheredScales.Row(pair), groups);
                if (Source.Data is not null)
                {
                    nint token = Routes.Token(pair);
                    new ReadOnlySpan<float>(Source.Data + (token * Source.Stride), Columns).CopyTo(row);
                    if (Source.Scales is not null)
                    {
                        new ReadOnlySpan<float>(Source.Scales + (token * Source.ScaleStride), groups).CopyTo(scales);
                    }
                }

                if (IsReady)
                {
                    continue;
                }

                var weight = (CpuWeight)Weights[Routes.Expert(Routes.Group(pair))];
                if (weight.InputFactors is { } factors)
                {
                    TensorPrimitives.Multiply(row, factors, row);
                }

                if (weight.Input is { } rule)
                {
                    ActivationQuantizer.Quantize(row, rule, row, scales);
                }
            }
        }
    }

    sealed class PrepareGroupsWork : ParallelWork
    {
        readonly List<(int Group, long Offset, long FirstUnit)> _parts = [];
        CpuBackend _owner = null!;
        CpuRoutes _routes = null!;
        Weight[] _weights = null!;
        long _units;
        internal byte* Memory;

        internal override long Units => _units;

        internal void Begin(CpuBackend owner, CpuRoutes routes, Weight[] weights)
        {
            _owner = owner;
            _routes = routes;
            _weights = weights;
            _parts.Clear();
            _units = 0;
        }

        /// <summary>The weight that the group's input was laid out for.</summary>
        internal CpuWeight Weight(int group) => (CpuWeight)_weights[_routes.Expert(_parts.Count == 1 ? _parts[0].Group : group)];

        internal void Add(int group, long offset)
        {
            int tokens = _owner._kernels.PreparedTokens;
            _parts.Add((group, offset, _units));
            _units += (_routes.Sources[group].Rows + tokens - 1) / tokens;
        }

        internal void Place()
        {
            foreach ((int group, long offset, _) in _parts)
            {
                _routes.Sources[group] = _routes.Sources[group] with { Prepared = Memory + offset };
            }
        }

        internal override void Run(int worker, long first, long end)
        {
            int tokens = _owner._kernels.PreparedTokens;
            for (int i = 0; i < _parts.Count; i++)
            {
                (int group, long offset, long firstUnit) = _parts[i];
                LinearInput input = _routes.Sources[group];
                long from = Math.Max(0, first - firstUnit) * tokens;
                long to = Math.Min(input.Rows, (end - firstUnit) * tokens);
                if (from < to)
                {
                    _owner._kernels.PrepareInput((CpuWeight)_weights[_routes.Expert(group)], input, (int)from, (int)to, Memory + offset);
                }
            }
        }
    }

    sealed class GatePairsWork : ParallelWork
    {
        internal CpuKernels Kernels = null!;
        internal CpuRoutes Routes = null!;
        internal Gating Gating;

        internal override long Units => Routes.Pairs;

        internal override void Run(int worker, long first, long end)
        {
            for (int pair = (int)first; pair < end; pair++)
            {
                Kernels.Gate(Gating, Routes.Gate.Row(pair), Routes.Up.Row(pair), Routes.Gate.Columns);
            }
        }
    }

    /// <summary>A token's experts, always in the same order.</summary>
    sealed class SumWork : ParallelWork
    {
        internal CpuRoutes Routes = null!;
        internal CpuActivations Output = null!;
        internal bool Adds;
        internal int Rows;

        internal override long Units => Rows;

        internal override void Run(int worker, long first, long end)
        {
            for (int row = (int)first; row < end; row++)
            {
                Span<float> output = new(Output.Row(row), Output.Columns);
                ReadOnlySpan<float> weights = Routes.Weights(row);
                for (int slot = 0; slot < weights.Length; slot++)
                {
                    ReadOnlySpan<float> result = new(Routes.Results.Row(Routes.Pair(row, slot)), Output.Columns);
                    if (slot == 0 && !Adds)
                    {
                        TensorPrimitives.Multiply(result, weights[slot], output);
                    }
                    else
                    {
                        TensorPrimitives.MultiplyAdd(result, weights[slot], output, output);
                    }
                }
            }
        }
    }

    sealed class GateRowsWork : ParallelWork
    {
        internal CpuActivations Gate = null!;
        internal CpuActivations States = null!;
        internal int Rows;

        internal override long Units => Rows;

        internal override void Run(int worker, long first, long end)
        {
            for (int row = (int)first; row < end; row++)
            {
                Span<float> states = new(States.Row(row), States.Columns);
                TensorPrimitives.Multiply(states, (float)(1 / (1 + Math.Exp(-(double)*Gate.Row(row)))), states);
            }
        }
    }
}
