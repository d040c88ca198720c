using System.Numerics.Tensors;

namespace Octet.Backends.Cpu;

/// <summary>One unit of the gated delta rule: one value head of <see cref="Rows"/> consecutive tokens of one sequence.</summary>
readonly unsafe ref struct DeltaRun
{
    /// <summary>Tokens whose queries and keys are prepared together.</summary>
    internal const int TileRows = 16;

    /// <summary>Vectors of <see cref="KeyDim"/> that a token is prepared as: query, key, and where channels decay by themselves the key that has decayed, and decays.</summary>
    internal const int ScratchVectors = 4;

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

    /// <summary>The head's beta in the first row, before the logistic function; rows are <see cref="BetaStride"/> floats apart.</summary>
    internal required float* Beta { get; init; }

    internal required int BetaStride { get; init; }

    /// <summary>The head's step in the first row, or those of its channels; rows are <see cref="StepStride"/> floats apart.</summary>
    internal required float* Step { get; init; }

    internal required int StepStride { get; init; }

    internal required float LogRate { get; init; }

    /// <summary>As many as steps.</summary>
    internal required float* Bias { get; init; }

    internal required bool DecaysChannels { get; init; }

    internal required float* Output { get; init; }

    internal required int OutputStride { get; init; }

    /// <summary><see cref="ScratchVectors"/> * <see cref="TileRows"/> * <see cref="KeyDim"/> floats.</summary>
    internal required float* Scratch { get; init; }

    /// <summary>What the state is multiplied with before token <paramref name="row"/>, or its rows for one channel of keys.</summary>
    internal double Decay(int row, int channel = 0)
    {
        double step = (double)Step[((nint)row * StepStride) + channel] + Bias[channel];

        // ln(1 + e^x), which is x for a large one.
        double softplus = Math.Max(step, 0) + double.LogP1(Math.Exp(-Math.Abs(step)));
        return Math.Exp(-Math.Exp(LogRate) * softplus);
    }

    /// <summary>The same of all channels, in double too: errors of small steps add up over what a state remembers.</summary>
    /// <param name="row">The token.</param>
    /// <param name="decays">Receives them.</param>
    /// <param name="steps">Room for as many.</param>
    /// <param name="powers">The same.</param>
    internal void Decays(int row, Span<float> decays, Span<double> steps, Span<double> powers)
    {
        float* step = Step + ((nint)row * StepStride);
        for (int i = 0; i < steps.Length; i++)
        {
            steps[i] = (double)step[i] + Bias[i];
            powers[i] = -Math.Abs(steps[i]);
        }

        TensorPrimitives.Exp<double>(powers, powers);
        TensorPrimitives.Add(powers, 1, powers);
        TensorPrimitives.Log<double>(powers, powers);
        double rate = -Math.Exp(LogRate);
        for (int i = 0; i < steps.Length; i++)
        {
            powers[i] = rate * (Math.Max(steps[i], 0) + powers[i]);
        }

        TensorPrimitives.Exp<double>(powers, powers);
        TensorPrimitives.ConvertTruncating<double, float>(powers, decays);
    }

    /// <summary>How much of what is new is written.</summary>
    internal double Strength(int row) => 1 / (1 + Math.Exp(-(double)Beta[(nint)row * BetaStride]));

    /// <summary>The factor that makes a vector's length 1.</summary>
    internal static float Normalizer(ReadOnlySpan<float> vector)
    {
        const double Epsilon = 1e-6;
        return (float)(1 / Math.Sqrt((double)TensorPrimitives.SumOfSquares(vector) + Epsilon));
    }
}
