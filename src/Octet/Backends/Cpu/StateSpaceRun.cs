namespace Octet.Backends.Cpu;

/// <summary>One unit of a state space: one head of <see cref="Rows"/> consecutive tokens of one sequence.</summary>
readonly unsafe ref struct StateSpaceRun
{
    /// <summary>Tokens that go through a part of the state together, each after the one before.</summary>
    internal const int TileRows = 4;

    /// <summary>[<see cref="StateDim"/>, <see cref="HeadDim"/>] in the kernels' own order; zeros are zeros in every order.</summary>
    internal required float* State { get; init; }

    internal required int HeadDim { get; init; }

    internal required int StateDim { get; init; }

    internal required int Rows { get; init; }

    /// <summary>The head's x in the first row; rows are <see cref="Stride"/> floats apart, those of B and C too.</summary>
    internal required float* X { get; init; }

    internal required float* B { get; init; }

    internal required float* C { get; init; }

    internal required int Stride { get; init; }

    /// <summary>The head's step in the first row, before its bias; rows are <see cref="StepStride"/> floats apart.</summary>
    internal required float* Step { get; init; }

    internal required int StepStride { get; init; }

    internal required float StepBias { get; init; }

    internal required (double Low, double High) StepLimits { get; init; }

    /// <summary>A, which is under 0.</summary>
    internal required double Rate { get; init; }

    /// <summary>D.</summary>
    internal required float Skip { get; init; }

    internal required float* Output { get; init; }

    internal required int OutputStride { get; init; }

    /// <summary><see cref="TileRows"/> * <see cref="HeadDim"/> floats.</summary>
    internal required float* Scratch { get; init; }

    /// <summary>dt of token <paramref name="row"/>, and what the state is multiplied with before it.</summary>
    internal (double Step, double Decay) At(int row)
    {
        double x = (double)Step[(nint)row * StepStride] + StepBias;

        // ln(1 + e^x), which is x for a large one.
        double softplus = Math.Max(x, 0) + double.LogP1(Math.Exp(-Math.Abs(x)));
        double step = Math.Min(Math.Max(softplus, StepLimits.Low), StepLimits.High);
        return (step, Math.Exp(Rate * step));
    }
}
