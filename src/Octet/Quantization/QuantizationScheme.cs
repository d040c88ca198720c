namespace Octet.Quantization;

/// <summary>The layouts in which a checkpoint can be quantised.</summary>
public enum QuantizationScheme
{
    /// <summary>E4M3 codes, a scale for each block of 128 x 128: <c>quant_method: fp8</c>, as Qwen and DeepSeek publish.</summary>
    Block,

    /// <summary>E4M3 codes, a scale for each row (output channel): compressed-tensors, "FP8 dynamic".</summary>
    Channel,

    /// <summary>E4M3 codes, one scale: compressed-tensors.</summary>
    Tensor,

    /// <summary>E4M3 codes, a power of two for each 32 weights of a row: compressed-tensors, OCP MX 1.0.</summary>
    Mxfp8,

    /// <summary>E2M1 codes, a power of two for each 32 weights of a row: compressed-tensors, OCP MX 1.0.</summary>
    Mxfp4,

    /// <summary>E2M1 codes, an E4M3 scale for each 16 weights of a row and a float32 for the tensor: compressed-tensors, NVFP4 with 16-bit activations.</summary>
    Nvfp4,

    /// <summary>Not quantised: codes become bfloat16, tensors of other types stay as they are.</summary>
    BFloat16,
}
