using Octet.Backends;
using Octet.Checkpoints;

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

    internal WeightLedger Weights { get; } = weights;

    internal Backend Backend { get; } = backend;

    internal float Epsilon { get; } = epsilon;

    internal Weight Linear(string name, int outputs, int inputs, bool hasBias = false) => Own(Backend.CreateLinear(Weights.Linear(name, outputs, inputs, hasBias)));

    /// <summary>Layers that share an input and are stored as one tensor.</summary>
    internal Weight[] Fused(string name, ReadOnlySpan<int> outputs, int inputs) => [.. Weights.Fused(name, outputs, inputs).Select(part => Own(Backend.CreateLinear(part)))];

    internal Weight Norm(string name, int length) => Own(Backend.CreateVector(Weights.Vector(name + ".weight", length), normOffset));

    internal Weight Vector(string name, int length) => Own(Backend.CreateVector(Weights.Vector(name, length)));

    internal Weight Taps(string name, int channels, int taps) => Own(Backend.CreateTaps(Weights.Vector(name, channels, 1, taps)));

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
