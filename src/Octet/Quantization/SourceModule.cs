using Octet.Backends;
using Octet.Safetensors;

namespace Octet.Quantization;

/// <summary>A matrix of a checkpoint that may be encoded anew.</summary>
/// <param name="Name">The module.</param>
/// <param name="Weight">Its weight, with scales where it is made of codes.</param>
/// <param name="Scales">The tensors that belong to it beside the weight.</param>
sealed record SourceModule(string Name, LinearTensor Weight, IReadOnlyList<TensorView> Scales)
{
    internal bool IsQuantized => !FloatTensor.IsSupported(Weight.ElementType);
}
