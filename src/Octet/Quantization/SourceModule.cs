using Octet.Backends;
using Octet.Safetensors;

namespace Octet.Quantization;

/// <summary>Weights of a checkpoint that may be encoded anew: a matrix, or codes of another shape, which only become bfloat16.</summary>
/// <param name="Name">The module; of codes of another shape the tensor.</param>
/// <param name="Weight">The weight, with scales where it is made of codes.</param>
/// <param name="Scales">The tensors that belong to it beside the weight.</param>
sealed record SourceModule(string Name, LinearTensor Weight, IReadOnlyList<TensorView> Scales)
{
    internal bool IsQuantized => !FloatTensor.IsSupported(Weight.ElementType);

    /// <summary>Null for a matrix [outputs, inputs].</summary>
    internal WideShape? Shape { get; init; }

    /// <summary>Whether it is one of several in its tensor.</summary>
    internal bool IsPart => Weight.StoredRows != Weight.Rows;

    /// <summary>Of the weight, of those rows that are its own.</summary>
    internal long Bytes => IsPart ? Weight.Tensor.ByteLength / Weight.StoredRows * Weight.Rows : Weight.Tensor.ByteLength;

    internal bool IsEmpty => Weight.Rows == 0 || Weight.Columns == 0;
}
