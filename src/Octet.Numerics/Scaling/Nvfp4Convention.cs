namespace Octet.Numerics;

/// <summary>Which way round an NVFP4 checkpoint stores the scale of the whole tensor.</summary>
public enum Nvfp4Convention
{
    /// <summary>
    /// <c>weight_global_scale</c> of compressed-tensors: 448 * 6 / amax; a value is element * (scale / global scale)
    /// (<c>quantization/utils/helpers.py</c>, <c>generate_gparam</c>; <c>lifecycle/forward_helpers.py</c>).
    /// </summary>
    CompressedTensors,

    /// <summary>
    /// <c>weight_scale_2</c> of NVIDIA Model Optimizer: amax / (6 * 448); a value is element * (scale * global scale)
    /// (<c>torch/quantization/qtensor/nvfp4_tensor.py</c>).
    /// </summary>
    ModelOptimizer,
}
