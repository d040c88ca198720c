using Octet.Backends;
using Octet.Safetensors;

namespace Octet.Checkpoints;

/// <summary>
/// The scales of one layer's keys and values as the checkpoint stores them, one for all heads or one for each: those of a cache in E4M3. Read, and found right or wrong, when
/// there is such a cache; every other type has no use for them.
/// </summary>
/// <param name="Layer">The name of the layer's attention.</param>
/// <param name="Names">Their suffixes; what is missing is named by them.</param>
/// <param name="Key">Null: missing.</param>
/// <param name="Value">Null: missing.</param>
sealed record CacheScale(string Layer, (string Key, string Value) Names, TensorView? Key, TensorView? Value)
{
    /// <summary>Those of every layer, or where a layer has one for each of its <paramref name="heads"/>, of every head; null where the checkpoint has none, which means 1 (vLLM's rule).</summary>
    /// <exception cref="ModelException">A layer has none where others have, or one of two, or one that is not a positive number, or not one or <paramref name="heads"/> of them.</exception>
    internal static KvScale[]? Read(IReadOnlyList<CacheScale> layers, int heads)
    {
        CacheScale? first = layers.FirstOrDefault(layer => (layer.Key ?? layer.Value) is not null);
        if (first is null)
        {
            return null;
        }

        KvScale[][] read = [.. layers.Select(layer => layer.Read(first, heads))];
        return read.All(layer => layer.Length == 1) ? [.. read.Select(layer => layer[0])] : [.. read.SelectMany(layer => layer.Length == heads ? layer : [.. Enumerable.Repeat(layer[0], heads)])];
    }

    KvScale[] Read(CacheScale first, int heads)
    {
        TensorView other = first.Key ?? first.Value!;
        if (Key is null || Value is null)
        {
            string missing = Layer + (Key is null ? Names.Key : Names.Value);
            throw new ModelException(
                ModelError.Damaged,
                $"{other.File.Path}: tensor {missing} is missing: a scale of the key/value cache, and the checkpoint has {(Key ?? Value ?? other).Name}. The file is incomplete; open the model with another type of cache",
                other.File.Path, missing);
        }

        const string What = "scale of the key/value cache";
        float[] keys = WeightLedger.Positives(Key, What, heads);
        float[] values = WeightLedger.Positives(Value, What, heads);
        return [.. Enumerable.Range(0, Math.Max(keys.Length, values.Length)).Select(head => new KvScale(keys[keys.Length == 1 ? 0 : head], values[values.Length == 1 ? 0 : head]))];
    }
}
