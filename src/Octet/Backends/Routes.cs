namespace Octet.Backends;

/// <summary>Which experts each token of a step goes to, and with what weights; with the memory that a backend wants to compute them.</summary>
abstract class Routes(int rows, int chosen) : IDisposable
{
    internal int Rows { get; } = rows;

    /// <summary>Experts of a token.</summary>
    internal int Chosen { get; } = chosen;

    /// <summary>A token's experts, the best first, on the host.</summary>
    internal abstract ReadOnlySpan<int> Experts(int row);

    /// <summary>The weights of these, in the same order.</summary>
    internal abstract ReadOnlySpan<float> Weights(int row);

    public abstract void Dispose();
}
