using System.Text.Json.Nodes;
using Octet.Checkpoints;
using Octet.Safetensors;

namespace Octet.Quantization;

/// <summary>What a checkpoint is turned into: which layers are encoded, how, and what the config then says.</summary>
abstract class EncodingTarget
{
    /// <summary>Whether weights that are wide already are encoded; where false, only codes are, to bfloat16.</summary>
    internal virtual bool EncodesWide => true;

    /// <summary>The encoder of a layer; null: it stays wide, and why.</summary>
    internal abstract (WeightEncoder? Encoder, string? Reason) TryCreate(string module, long rows, int columns);

    /// <summary>Whether a module, with all that is in it, was asked to stay as it is.</summary>
    internal virtual bool Excludes(string module) => false;

    /// <summary>The <c>quantization_config</c>; null for none.</summary>
    /// <param name="unconverted">Linear layers that stay wide.</param>
    /// <param name="head">The output layer's name where it is encoded.</param>
    internal abstract JsonObject? Config(IReadOnlyList<string> unconverted, string? head);

    /// <summary>What engines may find wrong with the layers that are encoded; null: nothing is known.</summary>
    internal virtual string? Objection(IReadOnlyCollection<WeightEncoder> encoded) => null;

    /// <summary>Tensors that say of what format layers are, to be copied.</summary>
    internal virtual IReadOnlyList<TensorView> Marks => [];

    /// <summary>Scales of a key/value cache that the target has of its own.</summary>
    internal virtual IReadOnlyList<TensorView> CacheScales => [];

    /// <summary>What the files' metadata say of it (<see cref="LayerFormats.MetadataKey"/>); null: nothing.</summary>
    internal virtual string? LayersMetadata => null;
}
