using Octet.Backends;

namespace Octet.Models;

/// <summary>The norm of Ba et al., "Layer Normalization" (2016): of a row with its mean taken off.</summary>
/// <param name="Weight">What is multiplied.</param>
/// <param name="Bias">What is added; null: nothing.</param>
readonly record struct LayerNorm(Weight Weight, Weight? Bias)
{
    /// <param name="name">Of the norm. TensorFlow's names for its two vectors are in older files.</param>
    /// <param name="length">Of both.</param>
    /// <param name="hasBias">Whether there is a bias.</param>
    /// <param name="build">Makes weights.</param>
    internal static LayerNorm Create(string name, int length, bool hasBias, ModelBuilder build) => new(
        build.Vector(build.Weights.Stored(name + ".weight", name + ".gamma"), length),
        hasBias ? build.Vector(build.Weights.Stored(name + ".bias", name + ".beta"), length) : null);
}
