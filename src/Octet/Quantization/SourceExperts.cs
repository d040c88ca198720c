using Octet.Checkpoints;
using Octet.Safetensors;

namespace Octet.Quantization;

/// <summary>The experts of a layer that are two tensors in the source. A loader takes both as they are, or every expert's matrices.</summary>
sealed class SourceExperts(StackedExperts experts)
{
    /// <summary>The tensors of the weights.</summary>
    internal IReadOnlyList<TensorView> Tensors { get; } = [experts.GateUp.Tensor, experts.Down.Tensor];

    /// <summary>The same as matrices of their own, by their names: then what is written of one lies in the file behind the one before.</summary>
    internal IReadOnlyList<SourceModule> Modules { get; } = [.. experts.Layers.Select(layer => new SourceModule(layer.Name, layer.Layer, [])).OrderBy(module => module.Name, StringComparer.Ordinal)];

    /// <summary>Whether they are gpt-oss's, whose gates and ups take turns and which have biases: no file is published that has such experts as matrices of their own.</summary>
    internal bool TakeTurns => experts.Layers.Any(layer => layer.Layer.RowStep != 1 || layer.Layer.Bias is not null);

    /// <summary>The modules that have the tensors: <c>mlp.experts</c>, or Granite's <c>input_linear</c> and <c>output_linear</c>.</summary>
    internal IEnumerable<string> Parents => Tensors.Select(tensor => tensor.Name[..Math.Max(tensor.Name.LastIndexOf('.'), 0)]).Distinct();
}
