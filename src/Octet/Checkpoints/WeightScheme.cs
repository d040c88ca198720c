namespace Octet.Checkpoints;

/// <summary>
/// How one family of producers names what belongs to a quantised layer: suffixes after the module's name. The codes times the scale is the
/// weight, whatever the suffix says ("scale_inv" multiplies too); a scale of the whole tensor, where there is one, multiplies or divides.
/// </summary>
/// <param name="Codes">The codes.</param>
/// <param name="Scale">The scales of blocks.</param>
/// <param name="Global">The scale of the tensor, beside those of its blocks; null: none.</param>
/// <param name="GlobalDivides">Whether the block's scale is divided by the tensor's.</param>
sealed record WeightScheme(string Codes, string Scale, string? Global = null, bool GlobalDivides = false)
{
    /// <summary>The codes' suffix of a layer that is not quantised.</summary>
    internal const string PlainSuffix = ".weight";

    /// <summary>Every one that is known. Sources: the loaders of Transformers, vLLM, compressed-tensors, Model Optimizer, torchao, quanto and ComfyUI.</summary>
    internal static IReadOnlyList<WeightScheme> All { get; } =
    [
        // Qwen, DeepSeek-V3: fp8 with weight_block_size.
        new(".weight", ".weight_scale_inv"),

        // compressed-tensors, Model Optimizer, fbgemm, AutoFP8; with E8M0 scales MXFP8.
        new(".weight", ".weight_scale"),

        // Model Optimizer NVFP4.
        new(".weight", ".weight_scale", ".weight_scale_2"),

        // compressed-tensors: MXFP4, then NVFP4.
        new(".weight_packed", ".weight_scale"),
        new(".weight_packed", ".weight_scale", ".weight_global_scale", GlobalDivides: true),

        // MXFP4 as gpt-oss has it, and the same under the weight's own name.
        new("_blocks", "_scales"),
        new(".weight_blocks", ".weight_scales"),

        // torchao's flattened Float8Tensor, and its older spelling.
        new("._weight_qdata", "._weight_scale"),
        new(".weight:qdata", ".weight:scale"),

        // MLX, whose codes lie in 32-bit words.
        new(".weight", ".scales"),

        // quanto.
        new(".weight._data", ".weight._scale"),

        // ComfyUI's scaled files; DeepSeek-V4.
        new(".weight", ".scale_weight"),
        new(".weight", ".scale"),
    ];

    /// <summary>The scale of a layer's inputs, measured when the checkpoint was made: one positive number (of FP4 weights, that of FP4 inputs).</summary>
    internal static IReadOnlyList<string> InputScales { get; } = [".input_scale", ".activation_scale", ".act_scale", ".scale_input"];

    /// <summary>What a layer's inputs are multiplied with, a positive number for each: AWQ's, in Model Optimizer's files.</summary>
    internal const string InputFactors = ".pre_quant_scale";

    /// <summary>Scales that nothing here needs, one positive number each: of FP4 inputs (llm-compressor, Quark), and of outputs.</summary>
    internal static IReadOnlyList<string> UnusedScales { get; } = [".input_global_scale", ".input_scale_2", OutputScale];

    internal const string OutputScale = ".output_scale";

    /// <summary>
    /// The scales of an attention's keys and values in an FP8 cache, after the attention's name; the first that are there count. As vLLM's
    /// loader has them: llm-compressor, Model Optimizer, AutoFP8 and Quark (what the projections give, which quanto has under the same name
    /// unmeasured), the name inside vLLM, and one scale for both, which is out of use.
    /// </summary>
    internal static IReadOnlyList<(string Key, string Value)> CacheScales { get; } =
    [
        (".k_scale", ".v_scale"),
        (".k_proj.k_scale", ".v_proj.v_scale"),
        (".k_proj" + OutputScale, ".v_proj" + OutputScale),
        (".attn.k_scale", ".attn.v_scale"),
        (".kv_scale", ".kv_scale"),
    ];
}
