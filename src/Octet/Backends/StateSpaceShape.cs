namespace Octet.Backends;

/// <summary>
/// The sizes of a selective state space (Dao, Gu, "Transformers are SSMs", 2024: Mamba-2): every head has a state of
/// [<see cref="StateDim"/>, <see cref="HeadDim"/>], and neighbouring heads of a group share what writes it and what reads it, B and C.
/// </summary>
sealed record StateSpaceShape(int Heads, int HeadDim, int StateDim, int Groups, int Taps)
{
    /// <summary>What steps are kept within.</summary>
    internal (double Low, double High) StepLimits { get; init; } = (0, double.PositiveInfinity);

    /// <summary>Elements of x, of what is read and of its gate.</summary>
    internal int Inner => checked(Heads * HeadDim);

    /// <summary>Elements of B, and of C.</summary>
    internal int Shared => checked(Groups * StateDim);

    /// <summary>x, B and C: what the convolution goes over.</summary>
    internal int Channels => checked(Inner + (2 * Shared));

    internal int StateFloats => checked(Heads * HeadDim * StateDim);

    internal ConvolutionShape Convolution => new(Channels, Taps, StateFloats, HasSilu: true);
}

/// <summary>The weights of a state space, a number for each head.</summary>
/// <param name="LogRate">A = -exp(this): how fast a state fades.</param>
/// <param name="StepBias">Added to steps.</param>
/// <param name="Skip">D: how much of x is added to what is read.</param>
sealed record StateSpaceWeights(Weight LogRate, Weight StepBias, Weight Skip)
{
    internal long Bytes => LogRate.Bytes + StepBias.Bytes + Skip.Bytes;
}
