using System.Globalization;
using System.Text.Json;
using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>What hybrids' configs have in common: which part each layer has, and the sizes of a state space.</summary>
static class HybridLayers
{
    // With these a state has fewer floats than an int counts.
    const int MostHeads = 1 << 12;
    const int MostDim = 1 << 9;

    /// <summary>What each layer is, in the words of <paramref name="known"/>; null where the file has no such list.</summary>
    /// <param name="config">The file.</param>
    /// <param name="keys">Names of the list, of which the first that is there counts.</param>
    /// <param name="known">What the file's words mean.</param>
    internal static string[]? Read(FamilyConfig config, string[] keys, params (string Stored, string Meant)[] known)
    {
        if (Array.Find(keys, config.Json.Has) is not { } key)
        {
            return null;
        }

        string[] types = config.Json.TryStrings(key) ?? [];
        if (types.Length != config.Layers)
        {
            throw config.Json.Unexpected(key, string.Create(CultureInfo.InvariantCulture, $"one for each of num_hidden_layers, {config.Layers}"));
        }

        return [.. types.Select(type => Array.Find(known, word => word.Stored == type).Meant
            ?? throw config.Json.Unsupported(key, $"{string.Join(" or ", known.Select(word => $"\"{word.Stored}\""))} in every layer"))];
    }

    /// <summary>A state space by the names that its sizes have in a family.</summary>
    internal static StateSpaceShape StateSpace(ConfigObject json, string heads, int headDim, string state, string groups, string taps)
    {
        int count = json.Int32(heads, 1, MostHeads);
        int shared = json.TryInt32(groups, 1, MostHeads) ?? 1;
        return count % shared == 0
            ? new StateSpaceShape(count, headDim, json.Int32(state, 1, MostDim), shared, Taps(json, taps, 4)) { StepLimits = StepLimits(json) }
            : throw json.Unexpected(groups, string.Create(CultureInfo.InvariantCulture, $"a divisor of {heads}, {count}"));
    }

    /// <summary>Elements of a head of a state space.</summary>
    internal static int HeadDim(ConfigObject json, string key) => json.Int32(key, 1, MostDim);

    /// <summary>The same where it was computed.</summary>
    internal static int RequireHeadDim(ConfigObject json, string key, long size)
        => size is > 0 and <= MostDim ? (int)size : throw json.Unexpected(key, string.Create(CultureInfo.InvariantCulture, $"heads of 1 to {MostDim} elements, here or by the other sizes"));

    /// <summary>Tokens that a convolution sees.</summary>
    internal static int Taps(ConfigObject json, string key, int otherwise) => json.TryInt32(key, ConvolutionShape.FewestTaps, ConvolutionShape.MostTaps) ?? otherwise;

    /// <summary>Two numbers, of which the larger may be infinite: Python writes <c>Infinity</c>, transformers 5 <c>{"__float__": "Infinity"}</c>.</summary>
    static (double Low, double High) StepLimits(ConfigObject json)
    {
        const string Key = "time_step_limit";
        if (json.Find(Key) is not { } limits)
        {
            return (0, double.PositiveInfinity);
        }

        double[] numbers = limits.ValueKind == JsonValueKind.Array ? [.. limits.EnumerateArray().Select(Number)] : [];
        return numbers is [>= 0 and < double.PositiveInfinity and var low, var high] && high >= low
            ? (low, high)
            : throw json.Unexpected(Key, "two numbers from 0, the smaller one first");

        static double Number(JsonElement value) => value.ValueKind switch
        {
            JsonValueKind.Number => value.TryGetDouble(out double number) ? number : double.PositiveInfinity,
            JsonValueKind.String when value.ValueEquals("Infinity") => double.PositiveInfinity,
            JsonValueKind.Object when value.TryGetProperty("__float__", out JsonElement special) && special.ValueKind == JsonValueKind.String && special.ValueEquals("Infinity") => double.PositiveInfinity,
            _ => double.NaN,
        };
    }
}
