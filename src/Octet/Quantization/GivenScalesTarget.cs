using System.Text.Json.Nodes;
using Octet.Backends;
using Octet.Checkpoints;
using Octet.Safetensors;

namespace Octet.Quantization;

/// <summary>The scheme, layers and scales of a checkpoint that is quantised already.</summary>
sealed class GivenScalesTarget(SourceModules given, JsonObject? config) : EncodingTarget
{
    readonly Dictionary<string, SourceModule> _quantized = given.Modules.Where(module => module is { IsQuantized: true, Shape: null }).ToDictionary(module => module.Name, StringComparer.Ordinal);

    internal override (WeightEncoder? Encoder, string? Reason) TryCreate(string module, long rows, int columns)
    {
        if (!_quantized.TryGetValue(module, out SourceModule? found))
        {
            return (null, null);
        }

        LinearTensor weight = found.Weight;
        return weight.Rows == rows && weight.Columns == columns
            ? (new GivenScalesEncoder(module, weight, found.Scales), null)
            : throw new ModelException(
                ModelError.InvalidInput,
                $"{weight.Tensor.File.Path}: tensor {weight.Tensor.Name}: codes for {weight.Rows} x {weight.Columns} weights, the source's {module} has {rows} x {columns}: scales can be taken from a checkpoint of the same model only",
                weight.Tensor.File.Path,
                weight.Tensor.Name);
    }

    internal override JsonObject? Config(IReadOnlyList<string> unconverted, string? head) => config?.DeepClone().AsObject();

    internal override IReadOnlyList<TensorView> CacheScales => given.CacheScales;

    internal override IReadOnlyList<TensorView> Marks => given.Marks;

    internal override string? LayersMetadata
    {
        get
        {
            string[] said = [.. given.Checkpoint.Files.Select(file => file.Metadata.GetValueOrDefault(LayerFormats.MetadataKey)).OfType<string>().Distinct(StringComparer.Ordinal)];
            return said.Length < 2 ? said.FirstOrDefault() : throw new ModelException(
                ModelError.Unsupported,
                $"{given.Checkpoint.Path}: files whose metadata {LayerFormats.MetadataKey} differ: taking scales from such a checkpoint is not implemented; give it as one file",
                given.Checkpoint.Path);
        }
    }
}
