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
