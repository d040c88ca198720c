using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Backends;

/// <summary>
/// A linear layer as a checkpoint stores it: the weight [outputs, inputs] in its own bits, and for codes of a narrow format their scales.
/// A weight is <c>code * scale</c>; <paramref name="Scales"/> is null for one that has none.
/// </summary>
/// <param name="Tensor">The bits, row-major. Its own type may only say how many there are: 4-bit codes are stored as bytes, two in each.</param>
/// <param name="ElementType">What the bits are.</param>
/// <param name="Rows">Outputs.</param>
/// <param name="Columns">Inputs.</param>
/// <param name="Scales">Scales, or null.</param>
sealed record LinearTensor(TensorView Tensor, DataType ElementType, long Rows, int Columns, ScaleGrid? Scales)
{
    internal LinearTensor(TensorView tensor, ScaleGrid? scales)
        : this(tensor, tensor.DataType, tensor.Shape[0], checked((int)tensor.Shape[1]), scales)
    {
    }

    /// <summary>The row of <see cref="Tensor"/> that is the first of this layer: several layers may be stored as one tensor.</summary>
    internal long FirstRow { get; init; }

    /// <summary>From one row of this layer to its next in <see cref="Tensor"/>: 2 where two layers take turns.</summary>
    internal int RowStep { get; init; } = 1;

    /// <summary>Rows of <see cref="Tensor"/>, of which <see cref="Rows"/> are this layer's.</summary>
    internal long StoredRows { get; init; } = Rows;

    /// <summary>Rows of each matrix of which several are stored as one tensor, where each lies there inputs first, [inputs, rows]: gpt-oss in BF16; 0: rows are rows.</summary>
    internal long TransposedRows { get; init; }

    /// <summary>What is added to each output, a number for each of <see cref="StoredRows"/>; null: nothing.</summary>
    internal TensorView? Bias { get; init; }

    /// <summary>Every <paramref name="step"/>th of this layer's rows from <paramref name="first"/> on, <paramref name="count"/> of them, as a layer of their own.</summary>
    internal LinearTensor Slice(long first, long count, int step = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first + ((count - 1) * step), Rows - 1, nameof(count));
        return this with { Rows = count, FirstRow = FirstRow + (first * RowStep), RowStep = RowStep * step };
    }

    /// <summary>Whether the even column of two 4-bit codes is the upper half of their byte (ComfyUI), not the lower one.</summary>
    internal bool HighHalfFirst { get; init; }

    /// <summary>The scale of the layer's inputs that was measured when the checkpoint was made, or null.</summary>
    internal float? InputScale { get; init; }

    /// <summary>What each of the layer's inputs is multiplied with before it is quantised or multiplied with the weight (AWQ); null: 1.</summary>
    internal float[]? InputFactors { get; init; }

    /// <summary>The rule by which scales of the layer's inputs are computed.</summary>
    internal InputQuantization DynamicInput { get; init; } = InputQuantization.Dynamic;

    /// <summary>What becomes of the layer's inputs; null: they stay in float32.</summary>
    internal InputQuantization? Input(ActivationMode mode) => mode switch
    {
        ActivationMode.Dynamic when Scales is not null => DynamicInput,
        ActivationMode.Static when InputScale is { } scale => InputQuantization.Static(scale),
        _ => null,
    };
}
