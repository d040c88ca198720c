using Octet.Safetensors;

namespace Octet.Backends;

/// <summary>
/// A linear layer as a checkpoint stores it: the weight [outputs, inputs] in its own bits, and for FP8 codes a float32 scale for
/// each block of <paramref name="BlockRows"/> x <paramref name="BlockColumns"/>, row-major, ragged at the right and bottom edge.
/// A weight is <c>code * scale</c>. <paramref name="Scales"/> is null for a weight that is not quantised.
/// </summary>
sealed record LinearTensor(TensorView Tensor, float[]? Scales, int BlockRows, int BlockColumns)
{
    internal long Rows => Tensor.Shape[0];

    internal int Columns => checked((int)Tensor.Shape[1]);
}
