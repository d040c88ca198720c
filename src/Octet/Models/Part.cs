using Octet.Backends;

namespace Octet.Models;

/// <summary>A part of a layer: rows of normed hidden states in, what is to be added to the stream out.</summary>
abstract class Part
{
    /// <summary>The weights that a token is multiplied with.</summary>
    internal abstract IEnumerable<Weight> Linears { get; }

    /// <summary>How many those are.</summary>
    internal virtual long LinearWeights => Linears.Sum(weight => weight.Rows * weight.Columns);

    /// <summary>Bytes of weights that one decoded token reads.</summary>
    internal virtual long BytesPerToken => Linears.Sum(weight => weight.Bytes);

    /// <summary>The same of a step of some tokens, of different sequences: of a mixture, what is to be expected where they choose experts by chance.</summary>
    internal virtual double BytesPerStep(int tokens) => BytesPerToken;

    /// <summary>Bytes of weights that are read only when a token chooses them.</summary>
    internal virtual long ExpertBytes => 0;

    /// <summary>output = what the part makes of <paramref name="input"/>, which it may not change; they are different buffers.</summary>
    internal abstract void Forward(Activations input, Activations output, Batch batch, StateCache cache);
}
