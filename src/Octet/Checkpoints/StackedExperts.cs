using Octet.Backends;

namespace Octet.Checkpoints;

/// <summary>The experts of a layer as they are stored where all of them are two tensors with a dimension more, and the layers that they are.</summary>
/// <param name="GateUp">The gates and what they gate.</param>
/// <param name="Down">What leads back.</param>
/// <param name="Layers">Expert by expert, each layer under the name that it has where experts are stored apart.</param>
sealed record StackedExperts(LinearTensor GateUp, LinearTensor Down, IReadOnlyList<(string Name, LinearTensor Layer)> Layers);
