using Octet.Backends;
using Octet.Checkpoints;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Quantization;

/// <summary>
/// The scales of a key/value cache that a quantised source has, for a target that has use of them: one number for the keys and one for the
/// values of each layer, under the names that all loaders know. They are of the cache, not of the weights, and stay right.
/// </summary>
static class CarriedCacheScales
{
    /// <param name="scales">What the source has, under any names.</param>
    /// <param name="problem">Why they are not carried; null where they are, or where there are none.</param>
    internal static IReadOnlyList<(TensorSource Tensor, float Scale)> Read(IReadOnlyList<TensorView> scales, out string? problem)
    {
        Dictionary<string, TensorView> byName = scales.ToDictionary(scale => scale.Name, StringComparer.Ordinal);
        List<(TensorSource Tensor, float Scale)> carried = [];
        problem = null;
        foreach (string layer in scales.Select(scale => Layer(scale.Name)).Distinct())
        {
            (string Key, string Value) names = WeightScheme.CacheScales.First(names => byName.ContainsKey(layer + names.Key) || byName.ContainsKey(layer + names.Value));
            foreach ((string stored, string name) in (ReadOnlySpan<(string, string)>)[(names.Key, ".k_scale"), (names.Value, ".v_scale")])
            {
                if (!byName.TryGetValue(layer + stored, out TensorView? scale))
                {
                    problem = $"{layer}{stored} is missing";
                    return [];
                }

                float value = FloatTensor.IsSupported(scale.DataType) && scale.ElementCount == 1 ? FloatTensor.Widen(scale)[0] : 0;
                if (!(float.IsFinite(value) && value > 0))
                {
                    problem = $"{scale.Name} is not one number above 0";
                    return [];
                }

                carried.Add((new TensorSource(layer + name, DataType.Float32, [1]), value));
            }
        }

        return carried;
    }

    /// <summary>The attention: what is before the longest name that fits.</summary>
    internal static string Layer(string name)
        => name[..^WeightScheme.CacheScales.SelectMany(names => (string[])[names.Key, names.Value]).Where(suffix => name.EndsWith(suffix, StringComparison.Ordinal)).Max(suffix => suffix.Length)];
}
