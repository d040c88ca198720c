using System.Numerics.Tensors;

namespace Octet.Backends.Cpu;

/// <summary>One unit of the gated delta rule: one value head of <see cref="Rows"/> consecutive tokens of one sequence.</summary>
readonly unsafe ref struct DeltaRun
{
    /// <summary>Tokens whose queries and keys are prepared together.</summary>
    internal const int TileRows = 16;

    /// <summary>[<see cref="KeyDim"/>, <see cref="ValueDim"/>] in the kernels' own order; zeros are zeros in every order.</summary>
    internal required float* State { get; init; }

    internal required int KeyDim { get; init; }

    internal required int ValueDim { get; init; }

    internal required int Rows { get; init; }

    /// <summary>The head's query in the first row; rows are <see cref="Stride"/> floats apart, those of keys and values too.</summary>
    internal required float* Query { get; init; }

    internal required float* Key { get; init; }

    internal required float* Value { get; init; }

    internal required int Stride { get; init; }

    /// <summary>The head's beta in the first row, before the logistic function; rows are <see cref="GateStride"/> floats apart, as those of <see cref="Step"/>.</summary>
    internal required float* Beta { get; init; }

    internal required float* Step { get; init; }

    internal required int GateStride { get; init; }

    internal required float LogRate { get; init; }

    internal required float Bias { get; init; }

    internal required float* Output { get; init; }

    internal required int OutputStride { get; init; }

    /// <summary>2 * <see cref="TileRows"/> * <see cref="KeyDim"/> floats.</summary>
    internal required float* Scratch { get; init; }

    /// <summary>What the state is multiplied with before token <paramref name="row"/>.</summary>
    internal double Decay(int row)
    {
        double step = (double)Step[(nint)row * GateStride] + Bias;

        // ln(1 + e^x), which is x for a large one.
        double softplus = Math.Max(step, 0) + double.LogP1(Math.Exp(-Math.Abs(step)));
        return Math.Exp(-Math.Exp(LogRate) * softplus);
    }

    /// <summary>How much of what is new is written.</summary>
    internal double Strength(int row) => 1 / (1 + Math.Exp(-(double)Beta[(nint)row * GateStride]));

    /// <summary>The factor that makes a vector's length 1.</summary>
    internal static float Normalizer(ReadOnlySpan<float> vector)
    {
        const double Epsilon = 1e-6;
        return (float)(1 / Math.Sqrt((double)TensorPrimitives.SumOfSquares(vector) + Epsilon));
    }
}
