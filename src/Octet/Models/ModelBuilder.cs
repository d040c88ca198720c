using System.Globalization;
using Octet.Backends;
using Octet.Checkpoints;
using Octet.Checkpoints.Families;

namespace Octet.Models;

/// <summary>
/// What the parts of a model are made with: weights out of the ledger into the backend's hands, and buffers, which parts of one kind share
/// from layer to layer. Owns all of it.
/// </summary>
/// <param name="weights">The checkpoint's tensors.</param>
/// <param name="backend">Who computes.</param>
/// <param name="maxBatch">Rows of a step.</param>
/// <param name="epsilon">Added to the mean square in norms.</param>
/// <param name="normOffset">Added to the weights of norms.</param>
sealed class ModelBuilder(WeightLedger weights, Backend backend, int maxBatch, float epsilon, float normOffset) : IDisposable
{
    readonly List<IDisposable> _owned = [];
    readonly Dictionary<(string Use, int Columns), Activations> _buffers = [];
    readonly Dictionary<(int Experts, int Chosen, int Hidden, int Inner), Routes> _routes = [];

    internal WeightLedger Weights { get; } = weights;

    internal Backend Backend { get; } = backend;

    internal float Epsilon { get; } = epsilon;

    internal Weight Linear(string name, int outputs, int inputs, bool hasBias = false) => Own(Backend.CreateLinear(Weights.Linear(name, outputs, inputs, hasBias)));

    /// <summary>The layer between latents and heads.</summary>
    internal Weight Latent(string name, int outputs, int inputs) => Own(Backend.CreateLatent(Weights.Linear(name, outputs, inputs)));

    /// <summary>A layer that whole texts are multiplied with at every step.</summary>
    internal Weight Packed(string name, int outputs, int inputs, bool hasBias) => Own(Backend.CreatePacked(Weights.Linear(name, outputs, inputs, hasBias)));

    /// <summary>The same of layers that are stored as one tensor.</summary>
    internal Weight[] PackedParts(string name, ReadOnlySpan<int> outputs, int inputs) => [.. Weights.Fused(name, outputs, inputs).Select(part => Own(Backend.CreatePacked(part)))];

    /// <summary>Layers that share an input and are stored as one tensor.</summary>
    internal Weight[] Fused(string name, ReadOnlySpan<int> outputs, int inputs, bool hasBias = false) => [.. Weights.Fused(name, outputs, inputs, hasBias).Select(part => Own(Backend.CreateLinear(part)))];

    /// <summary>What each token goes through by itself.</summary>
    /// <param name="spec">Its sizes.</param>
    /// <param name="at">The beginning of the names of what it lies in.</param>
    /// <param name="hidden">Width of the stream.</param>
    internal Part FeedForward(FeedForwardSpec spec, string at, int hidden)
    {
        string own = spec.Name.Length == 0 ? at : $"{at}{spec.Name}.";
        return spec switch
        {
            GatedSpec gated => new GatedFeedForward(gated, own, hidden, this),
            XieluSpec xielu => new XieluFeedForward(xielu, own, hidden, this),
            PlainSpec plain => new PlainFeedForward(plain, own, hidden, this),
            ExpertsSpec experts => new MixtureOfExperts(experts, own, hidden, this),
            _ => throw new InvalidOperationException($"no feed-forward part is made of {spec.GetType().Name}"),
        };
    }

    /// <summary>The experts of a layer, in whichever form they are stored.</summary>
    /// <param name="spec">Their sizes.</param>
    /// <param name="at">The beginning of their part's names.</param>
    /// <param name="hidden">Width of the stream.</param>
    internal ExpertWeights Experts(ExpertsSpec spec, string at, int hidden)
    {
        int count = spec.Rule.Experts;
        Weight[] Layers(IEnumerable<LinearTensor> tensors) => [.. Backend.CreateExperts([.. tensors]).Select(Own)];
        string NameApart(int expert, string name) => string.Create(CultureInfo.InvariantCulture, $"{at}{spec.ApartName}.{expert}.{name}");
        string gateUp = at + spec.StackedNames.GateUp;
        if (spec.Plain is not null || !Weights.HasStacked(gateUp))
        {
            Weight[] Apart(string name, int outputs, int inputs)
                => Layers(Enumerable.Range(0, count).Select(i => Weights.Linear(NameApart(i, name), outputs, inputs, spec.HasBias)));
            return new ExpertWeights(spec.Plain is null ? Apart(spec.LayerNames.Gate, spec.Inner, hidden) : [], Apart(spec.LayerNames.Up, spec.Inner, hidden), Apart(spec.LayerNames.Down, hidden, spec.Inner));
        }

        // Files that transformers 5 has saved have outputs first, whatever the published ones have. One of the two tensors may be square, which does not tell; never both are.
        string downName = at + spec.StackedNames.Down;
        bool inputsFirst = spec.HasInputsFirst && !Weights.HasOutputsFirst(gateUp, count, 2L * spec.Inner, hidden) && !Weights.HasOutputsFirst(downName, count, hidden, spec.Inner);
        LinearTensor both = Weights.Stacked(gateUp, count, 2L * spec.Inner, hidden, spec.HasBias, inputsFirst);
        LinearTensor down = Weights.Stacked(downName, count, hidden, spec.Inner, spec.HasBias, inputsFirst);
        LinearTensor[] Slices(LinearTensor all, long first, int outputs, int step)
            => [.. Enumerable.Range(0, count).Select(i => all.Slice((i * (all.Rows / count)) + first, outputs, step))];
        LinearTensor[] gates = Slices(both, 0, spec.Inner, spec.TakesTurns ? 2 : 1);
        LinearTensor[] ups = Slices(both, spec.TakesTurns ? 1 : spec.Inner, spec.Inner, spec.TakesTurns ? 2 : 1);
        LinearTensor[] downs = Slices(down, 0, hidden, 1);
        Weights.Add(new StackedExperts(both, down, [.. Enumerable.Range(0, count).SelectMany(i => ((string, LinearTensor)[])
            [(NameApart(i, spec.LayerNames.Gate), gates[i]), (NameApart(i, spec.LayerNames.Up), ups[i]), (NameApart(i, spec.LayerNames.Down), downs[i])])]));
        return new ExpertWeights(Layers(gates), Layers(ups), Layers(downs));
    }

    /// <summary>What tokens' experts are written to; the same one for all layers of these sizes.</summary>
    internal Routes Routes(RoutingRule rule, int hidden, int inner)
    {
        (int, int, int, int) sizes = (rule.Experts, rule.Chosen, hidden, inner);
        if (!_routes.TryGetValue(sizes, out Routes? routes))
        {
            routes = Own(Backend.CreateRoutes(maxBatch, rule, hidden, inner));
            _routes.Add(sizes, routes);
        }

        return routes;
    }

    internal Weight Norm(string name, int length) => Own(Backend.CreateVector(Weights.Vector(name + ".weight", length), normOffset));

    /// <summary>A norm's weight as it is stored.</summary>
    internal Weight PlainNorm(string name, int length) => Vector(name + ".weight", length);

    internal Weight Vector(string name, int length) => Own(Backend.CreateVector(Weights.Vector(name, length)));

    /// <summary>A number for each head, as a vector or with dimensions of 1 around it (Kimi-Linear).</summary>
    internal Weight HeadNumbers(string name, int heads)
        => Weights.HasShape(name, [1, 1, heads, 1]) ? Own(Backend.CreateVector(Weights.Floats(name, 1, 1, heads, 1))) : Vector(name, heads);

    internal Weight Taps(string name, int channels, int taps, ReadOnlySpan<float> factors = default) => Own(Backend.CreateTaps(Weights.Floats(name, channels, 1, taps), factors));

    /// <summary>A buffer of a row a token; the same one for everybody who asks for this use and width.</summary>
    internal Activations Buffer(string use, int columns)
    {
        if (!_buffers.TryGetValue((use, columns), out Activations? buffer))
        {
            buffer = Own(Backend.CreateActivations(maxBatch, columns));
            _buffers.Add((use, columns), buffer);
        }

        return buffer;
    }

    internal T Own<T>(T resource)
        where T : IDisposable
    {
        _owned.Add(resource);
        return resource;
    }

    public void Dispose()
    {
        _owned.ForEach(owned => owned.Dispose());
        _owned.Clear();
    }
}
