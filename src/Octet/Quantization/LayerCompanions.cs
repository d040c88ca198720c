using Octet.Backends;
using Octet.Checkpoints;
using Octet.Safetensors;

namespace Octet.Quantization;

/// <summary>
/// What else stands beside quantised layers. Of a model that runs here the loader has accounted for every tensor; of others only what is
/// known to be without effect is dropped, and what may change the weights and is not understood is refused.
/// </summary>
/// <param name="quantized">The names of the quantised layers.</param>
/// <param name="isModel">Whether the loader has looked at all tensors.</param>
sealed class LayerCompanions(IEnumerable<string> quantized, bool isModel)
{
    readonly HashSet<string> _layers = [.. quantized];
    HashSet<string>? _parents;

    /// <summary>Every module that has a quantised layer inside, and those layers.</summary>
    HashSet<string> Parents => _parents ??= [.. _layers.SelectMany(Ancestors)];

    /// <summary>Whether a tensor belongs to quantised layers and no weight depends on it. Under the same name, models without such layers have parameters.</summary>
    /// <exception cref="ModelException">It should be of that kind, and is not.</exception>
    internal bool IsDead(TensorView tensor)
    {
        if (UnreadTensor.OfExperts.FirstOrDefault(kind => tensor.Name.EndsWith(kind.Suffix, StringComparison.Ordinal) && _layers.Contains(tensor.Name[..^kind.Suffix.Length])) is { } inputs)
        {
            return inputs.Problem(tensor) is { } wrong ? throw Error(tensor, wrong) : true;
        }

        // vLLM has its scales a level below, in self_attn.attn.
        string parent = Parent(tensor.Name);
        if (UnreadTensor.Of(tensor.Name) is not { } kind || !(Parents.Contains(parent) || Parents.Contains(Parent(parent))))
        {
            return false;
        }

        return kind.Problem(tensor) is { } problem ? throw Error(tensor, problem)
            : isModel || kind.IsZero || tensor.ElementCount == 1 ? true
            : throw Error(tensor, $"{kind.What} of {tensor.ElementCount} numbers, which may be parameters of the model: not implemented");
    }

    /// <summary>Those whose layers are quantised.</summary>
    internal IReadOnlyList<TensorView> TakeCacheScales(SafetensorsCheckpoint checkpoint, QuantizationConfig? quantization)
        => [.. checkpoint.Tensors.Where(tensor => WeightScheme.CacheScales.SelectMany(names => (string[])[names.Key, names.Value]).Any(suffix => IsCacheScale(tensor, suffix, quantization)))];

    /// <exception cref="ModelException">A tensor belongs to a quantised layer, and what it means is not known.</exception>
    internal void RequireKnown(TensorView tensor)
    {
        string parent = Parent(tensor.Name);
        string? layer = _layers.Contains(parent) ? parent : null;
        string last = tensor.Name[(tensor.Name.LastIndexOf('.') + 1)..];
        if (layer is null && last.LastIndexOf('_') > 0)
        {
            // Of experts in one tensor: gate_up_proj, gate_up_proj_scale.
            int end = tensor.Name.Length;
            while (layer is null && (end = tensor.Name.LastIndexOf('_', end - 1)) > tensor.Name.Length - last.Length)
            {
                layer = _layers.Contains(tensor.Name[..end]) ? tensor.Name[..end] : null;
            }
        }

        if (layer is not null && !last.EndsWith("bias", StringComparison.Ordinal) && !IsCacheScaleName(tensor.Name))
        {
            throw Error(tensor, $"a tensor of the quantised layer {layer} that is not understood: its weights may depend on it, so they cannot be encoded anew");
        }
    }

    bool IsCacheScale(TensorView tensor, string suffix, QuantizationConfig? quantization)
        => tensor.Name.EndsWith(suffix, StringComparison.Ordinal)
            && !(quantization is { QuantMethod: "quanto" } && suffix.EndsWith(WeightScheme.OutputScale, StringComparison.Ordinal))
            && Parents.Contains(tensor.Name[..^suffix.Length])
            && (isModel || tensor.ElementCount == 1);

    static bool IsCacheScaleName(string name) => WeightScheme.CacheScales.Any(names => name.EndsWith(names.Key, StringComparison.Ordinal) || name.EndsWith(names.Value, StringComparison.Ordinal));

    static IEnumerable<string> Ancestors(string name)
    {
        for (int end = name.Length; end > 0; end = name.LastIndexOf('.', end - 1))
        {
            yield return name[..end];
        }
    }

    static string Parent(string name) => name[..Math.Max(name.LastIndexOf('.'), 0)];

    static ModelException Error(TensorView tensor, string what) => new(ModelError.Unsupported, $"{tensor.File.Path}: tensor {tensor.Name}: {what}", tensor.File.Path, tensor.Name);
}
