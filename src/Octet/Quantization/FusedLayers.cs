namespace Octet.Quantization;

/// <summary>
/// Layers of one parent that multiply the same input, which engines compute as one matrix: vLLM's <c>packed_modules_mapping</c>
/// (<c>qkv_proj</c>, <c>gate_up_proj</c>, <c>fused_qkv_a_proj</c> of DeepSeek, <c>in_proj_qkvz</c> of Qwen3.5) and Mixtral's experts.
/// </summary>
static class FusedLayers
{
    /// <summary>The last parts of their names, in the order in which they are put together.</summary>
    internal static IReadOnlyList<string[]> All { get; } =
    [
        ["q_proj", "k_proj", "v_proj"],
        ["gate_proj", "up_proj"],
        ["q_a_proj", "kv_a_proj_with_mqa"],
        ["in_proj_qkv", "in_proj_z"],
        ["w1", "w3"],
    ];

    /// <summary>The same for layers that are fused, and for no others: their own name where they are not.</summary>
    internal static string Key(string module)
    {
        int dot = module.LastIndexOf('.');
        return All.FirstOrDefault(names => names.Contains(module[(dot + 1)..])) is { } fused ? $"{module[..(dot + 1)]}{string.Join('+', fused)}" : module;
    }

    /// <summary>Whether another layer is put below it.</summary>
    internal static bool IsFollowed(string module)
    {
        string last = module[(module.LastIndexOf('.') + 1)..];
        return All.Any(names => names.AsSpan(0, names.Length - 1).Contains(last));
    }
}
