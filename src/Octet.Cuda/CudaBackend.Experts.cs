using Octet.Backends;
using Octet.Cuda.Driver;
using Octet.Cuda.Kernels;

namespace Octet.Cuda;

/// <summary>Mixtures of experts: chosen, sorted and computed on the card, so that a step of them is a graph too.</summary>
sealed unsafe partial class CudaBackend
{
    const int MostExperts = 1024;
    const int MostGroups = 32;

    // Blocks of a grid's second direction, in which the inputs of experts have a row for each pair.
    const int MostPlaces = 65535;

    // Pairs of a warp that sorts them, at least.
    const int SortedPairs = 256;

    readonly Dictionary<Weight[], ExpertTable> _expertTables = [];

    internal override Routes CreateRoutes(int rows, RoutingRule rule, int hidden, int inner)
    {
        if (rule.Experts > MostExperts || rule.Groups > MostGroups)
        {
            throw Unsupported($"a mixture of {rule.Experts} experts in {rule.Groups} groups, expected at most {MostExperts} in {MostGroups},");
        }

        long places = CudaRoutes.MostPlaces((long)rows * rule.Chosen, rule.Experts);
        if (places > MostPlaces)
        {
            throw new ModelException(
                ModelError.Unsupported,
                $"a mixture that chooses {rule.Chosen} experts for each of {rows} tokens at a time has {places} rows on cuda, expected at most {MostPlaces}: use fewer tokens at a time (PrefillChunk, --chunk)");
        }

        return new CudaRoutes(_context, _stream, rows, rule, hidden, inner);
    }

    internal override void Route(Activations logits, RoutingRule rule, Weight? correction, Weight? factors, Routes routes, int rows)
    {
        Check(logits, rows, rule.Experts);
        ArgumentOutOfRangeException.ThrowIfNotEqual(factors?.Columns ?? rule.Experts, rule.Experts, nameof(factors));
        ArgumentOutOfRangeException.ThrowIfNotEqual(routes.Chosen, rule.Chosen, nameof(routes));
        rows = Padded(rows);
        var of = (CudaActivations)logits;
        var to = (CudaRoutes)routes;
        to.Changed();
        var arguments = new LaunchArguments();
        arguments.Add(of.Address);
        arguments.Add(of.Stride);
        arguments.Add(new RouteParameters
        {
            Correction = ((CudaVector?)correction)?.Address ?? 0,
            Experts = rule.Experts,
            Chosen = rule.Chosen,
            IsLogistic = rule.Scoring == ExpertScoring.Logistic ? 1 : 0,
            IsNormalised = rule.IsNormalised ? 1 : 0,
            Scale = rule.Scale,
            Groups = rule.Groups,
            ChosenGroups = rule.ChosenGroups,
        });
        arguments.Add(to.Chosen32);
        arguments.Add(to.ChosenWeights);
        Launch(ref arguments, "experts", "route", rows, WarpThreads);
        if (factors is not null)
        {
            WeighRoutes(to, (CudaVector)factors, rows * rule.Chosen);
        }

        var sort = new LaunchArguments();
        sort.Add(to.Chosen32);
        sort.Add(rows * rule.Chosen);
        sort.Add(rule.Experts);
        sort.Add(to.Places);
        sort.Add(to.Groups);
        sort.Add(to.Tiles);
        Launch(ref sort, "experts", "sort_routes", rule.Experts, Math.Min(MostThreads, Blocks(rows * rule.Chosen, SortedPairs) * WarpThreads));
    }

    internal override void WeighInputs(Activations source, Routes routes, Activations destination, int rows)
    {
        Check(source, rows, source.Columns);
        Check(destination, rows, source.Columns);
        ArgumentOutOfRangeException.ThrowIfNotEqual(routes.Chosen, 1, nameof(routes));
        rows = Padded(rows);
        var from = (CudaActivations)source;
        var by = (CudaRoutes)routes;
        var to = (CudaActivations)destination;
        by.Changed();
        Made(to);
        var arguments = new LaunchArguments();
        arguments.Add(from.Address);
        arguments.Add(by.ChosenWeights);
        arguments.Add(to.Address);
        arguments.Add(from.Stride);
        arguments.Add(to.Stride);
        arguments.Add(from.Columns);
        Launch(ref arguments, "stream", "weigh_inputs", rows, RowThreads);
    }

    internal override void Prepare(ExpertWeights experts)
    {
        CudaWeight gate = Table(experts.Gate).First;
        CudaWeight up = Table(experts.Up).First;
        _ = Table(experts.Down);
        if (gate.Format != up.Format || InputPlan.For(gate, 1) != InputPlan.For(up, 1))
        {
            throw Unsupported("a mixture whose experts' two layers are stored, or hold their inputs, differently");
        }
    }

    internal override void Experts(Activations input, Routes routes, ExpertWeights experts, Gating gating, Activations output, bool adds, int rows)
    {
        ExpertTable gate = Table(experts.Gate);
        ExpertTable up = Table(experts.Up);
        ExpertTable down = Table(experts.Down);
        Check(input, rows, gate.First.Columns);
        Check(output, rows, checked((int)down.First.Rows));
        rows = Padded(rows);
        var x = (CudaActivations)input;
        var r = (CudaRoutes)routes;
        var to = (CudaActivations)output;
        int pairs = rows * r.Chosen;
        int groups = Math.Min(pairs, experts.Gate.Length);

        InputPlan plan = InputPlan.For(gate.First, rows);
        InputPlan downPlan = InputPlan.For(down.First, pairs);
        if (IsWide(gate, up, down, plan, downPlan, pairs))
        {
            ExpertsWide(x, r, gate, up, down, plan, downPlan, gating, rows);
        }
        else
        {
            MultiplyExperts(gate, up, Prepare(x, gate.First, plan, rows), r, r.Chosen, r.Gate, gating, pairs, groups);
            Made(r.Gate);
            MultiplyExperts(down, null, Prepare(r.Gate, down.First, downPlan, pairs), r, 1, r.Results, gating, pairs, groups);
        }

        Made(r.Results);
        Made(to);
        var arguments = new LaunchArguments();
        arguments.Add(r.Results.Address);
        arguments.Add(r.Results.Stride);
        arguments.Add(r.ChosenWeights);
        arguments.Add(r.Chosen);
        arguments.Add(to.Address);
        arguments.Add(to.Stride);
        arguments.Add(to.Columns);
        arguments.Add(adds ? 1 : 0);
        Launch(ref arguments, "experts", "sum_experts", new Dim3(Blocks(to.Columns, RowThreads), rows), RowThreads);
    }

    void MultiplyExperts(ExpertTable first, ExpertTable? second, in Preparation prepared, CudaRoutes routes, int chosen, CudaActivations output, Gating gating, int pairs, int groups)
    {
        // Tokens of an expert, where they are spread evenly.
        int columns = Blocks(pairs, groups) * prepared.Count;
        int tiles = columns <= 8 ? 1 : 4;
        int rowTiles = Blocks((int)first.First.Rows, TileRows);
        int halves = second is null ? 1 : 2;
        bool isTiled = first.First.Format.IsTiled();
        int warps = halves * (isTiled
            ? TiledWarps(rowTiles * groups, halves, prepared.Groups, tiles == 1 ? 16 : 8)
            : StreamingWarps(rowTiles * groups, halves, prepared.Groups, most: 8, tiles == 1 ? 16 : 8));
        var arguments = new LaunchArguments();
        arguments.Add(first.Parameters(output));
        if (second is not null)
        {
            arguments.Add(second.Parameters(output));
        }

        arguments.Add(new RoutedPairs { Pairs = routes.Places, Groups = routes.Groups, Chosen = chosen });
        arguments.Add(new LinearInputs
        {
            Planes = prepared.Planes,
            Scales = prepared.Scales,
            ScaleStride = prepared.ScaleStride,
            Groups = prepared.Groups,
            PerRow = prepared.Count,
        });
        if (second is not null)
        {
            arguments.Add(Parameters(gating));
        }

        Launch(ref arguments, isTiled ? "experts_tiled" : "experts", $"experts_{(second is null ? "" : "gated_")}{Suffix(first.First.Format)}_{tiles}", new Dim3(rowTiles, groups), warps * WarpThreads, isTiled ? 0 : warps * RingBytes);
    }

    ExpertTable Table(Weight[] weights)
    {
        if (!_expertTables.TryGetValue(weights, out ExpertTable? table))
        {
            _expertTables.Add(weights, table = new ExpertTable(_context, _stream, weights));
        }

        return table;
    }

    /// <summary>Where the weights of all experts of a layer are, on the card.</summary>
    sealed class ExpertTable : IDisposable
    {
        readonly DeviceBlock _memory;

        internal ExpertTable(CudaContext context, CudaStream stream, Weight[] weights)
        {
            First = (CudaWeight)weights[0];
            Count = weights.Length;
            if (!First.Format.HasExperts())
            {
                throw Unsupported($"a mixture whose experts lie in {First.Format}");
            }

            IsTogether = true;
            ulong[] places = new ulong[3 * Count];
            for (int i = 0; i < Count; i++)
            {
                var weight = (CudaWeight)weights[i];
                if (weight.Layout != First.Layout || weight.Rows != First.Rows || weight.Input != First.Input || weight.Factors is not null || weight.Bias is null != First.Bias is null)
                {
                    throw Unsupported("a mixture of which each expert is quantised otherwise, or holds its inputs otherwise,");
                }

                places[i] = weight.Data.Address;
                IsTogether &= places[i] == places[0] + ((ulong)i * (ulong)(First.Rows * First.RowBytes));
                places[Count + i] = weight.Scales.Address;
                places[(2 * Count) + i] = weight.Bias?.Address ?? 0;
            }

            _memory = context.Allocate(places.Length * sizeof(ulong));
            try
            {
                fixed (ulong* first = places)
                {
                    stream.CopyToDevice(_memory.Address, first, _memory.Bytes);
                    stream.Synchronize();
                }
            }
            catch
            {
                _memory.Dispose();
                throw;
            }
        }

        internal CudaWeight First { get; }

        internal int Count { get; }

        /// <summary>Whether the rows of all lie one behind the other.</summary>
        internal bool IsTogether { get; }

        /// <summary>What the tensor memory accelerator is told of those; null: nobody has asked yet.</summary>
        internal TensorMap? Map { get; set; }

        internal ExpertLayerParameters Parameters(CudaActivations output) => new()
        {
            Weights = _memory.Address,
            Scales = First.Layout.ScaleStride == 0 ? 0 : _memory.Address + ((ulong)Count * sizeof(ulong)),
            Biases = First.Bias is null ? 0 : _memory.Address + ((ulong)Count * 2 * sizeof(ulong)),
            Output = output.Address,
            RowBytes = (ulong)First.RowBytes,
            Rows = (int)First.Rows,
            OutputStride = output.Stride,
            BlockRows = (int)First.Layout.BlockRows,
            ScaleStride = First.Layout.ScaleStride,
            ScaleShift = First.Layout.ScaleShift,
        };

        public void Dispose() => _memory.Dispose();
    }
}
