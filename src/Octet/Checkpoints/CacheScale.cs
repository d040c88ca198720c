using Octet.Backends;
using Octet.Safetensors;

namespace Octet.Checkpoints;

/// <summary>
/// The scales of one layer's keys and values as the checkpoint stores them: those of a cache in E4M3. Read, and found right or wrong, when
/// there is such a cache; every other type has no use for them.
/// </summary>
/// <param name="Layer">The name of the layer's attention.</param>
/// <param name="Names">Their suffixes; what is missing is named by them.</param>
/// <param name="Key">Null: missing.</param>
/// <param name="Value">Null: missing.</param>
sealed record CacheScale(string Layer, (string Key, string Value) Names, TensorView? Key, TensorView? Value)
{
    /// <summary>Those of every layer; null where the checkpoint has none, which means 1 (vLLM's rule).</summary>
    /// <exception cref="ModelException">A layer has none where others have, or one of two, or one that is not a positive number.</exception>
    internal static KvScale[]? Read(IReadOnlyList<CacheScale> layers)
    {
        CacheScale? first = layers.FirstOrDefault(layer => (layer.Key ?? layer.Value) is not null);
        return first is null ? null : [.. layers.Select(layer => layer.Read(first))];
    }

    KvScale Read(CacheScale first)
    {
        TensorView other = first.Key ?? first.Value!;
        return Key is null || Value is null
            ? throw new ModelException(
                ModelError.Damaged,
                $"{other.File.Path}: tensor {Layer}{(Key is null ? Names.Key : Names.Value)} is missing: a scale of the key/value cache, and the checkpoint has {(Key ?? Value ?? other).Name}. The file is incomplete; open the model with another type of cache",
                other.File.Path, Layer + (Key is null ? Names.Key : Names.Value))
            : new KvScale(WeightLedger.Positive(Key, "scale of the key/value cache"), WeightLedger.Positive(Value, "scale of the key/value cache"));
    }
}
