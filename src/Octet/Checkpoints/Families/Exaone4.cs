using System.Globalization;
using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// EXAONE 4: what parts give is normed, query and key heads are; where there are windows, layers without one have no positions. After transformers'
/// <c>modular_exaone4.py</c>.
/// </summary>
static class Exaone4
{
    const int DefaultWindow = 4096;
    const int DefaultPattern = 4;

    internal static FamilyDefaults Defaults { get; } = new() { KeyValueHeads = 32, VocabSize = 102_400, MaxPositions = 2048, Epsilon = 1e-5 };

    internal static DecoderSpec Read(FamilyConfig config)
    {
        config.RequireActivation("hidden_act", "silu");
        Func<int, AttentionSpec> attention = ReadAttention(config, out int longest);
        GatedSpec feedForward = config.Gated(Gating.Silu);
        return config.Layered(attention, _ => feedForward, longest) with { Norms = NormPlaces.After };
    }

    /// <summary>The attention of each layer.</summary>
    internal static Func<int, AttentionSpec> ReadAttention(FamilyConfig config, out int longest)
    {
        (Rotary rotary, longest) = new RotaryReader(config.Json) { DefaultTheta = 10_000 }.Read(config.HeadDim, config.MaxPositions);
        var attention = new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, rotary) { HasHeadNorms = true };
        if (config.Window(DefaultWindow) is not { } window)
        {
            return _ => attention;
        }

        if (config.Json.TryInt32s("sliding_windows", 0) is { } windows)
        {
            return windows.Length == config.Layers
                ? layer => windows[layer] > 0 ? attention with { Window = windows[layer] } : attention with { Rotary = Rotary.None }
                : throw config.Json.Unexpected("sliding_windows", string.Create(CultureInfo.InvariantCulture, $"one for each of num_hidden_layers, {config.Layers}"));
        }

        bool[] sliding = config.SlidingLayers() ?? ReadPattern(config);
        return layer => sliding[layer] ? attention with { Window = window } : attention with { Rotary = Rotary.None };
    }

    /// <summary>A number N: all layers but every Nth have a window. Letters: L has one, G has not, over and over, and the last layer never has (<c>check_is_sliding</c> of TensorRT-LLM).</summary>
    static bool[] ReadPattern(FamilyConfig config)
    {
        const string Key = "sliding_window_pattern";
        if (!config.Json.IsString(Key))
        {
            return config.AllButEvery(config.Json.TryInt32(Key, 1) ?? DefaultPattern);
        }

        string letters = config.Json.String(Key, "a number or letters");
        return letters.Length > 0 && letters.All(letter => letter is 'L' or 'G')
            ? [.. Enumerable.Range(0, config.Layers).Select(layer => layer != config.Layers - 1 && letters[layer % letters.Length] == 'L')]
            : throw config.Json.Unexpected(Key, "a whole number from 1, or letters L and G");
    }
}
