namespace Octet.Numerics;

/// <summary>
/// How the scale of a block follows from its largest magnitude <c>amax</c> and the element format, whose largest finite value is
/// <c>max</c> = 1.m * 2^<c>emax</c> (emax: E4M3FN 8, E5M2 15, E2M3FN 2, E3M2FN 4, E2M1FN 2).
/// </summary>
public enum ScaleRule
{
    /// <summary>amax / max in float32, rounded to nearest in the scale's type. The rule of float32 scales: vLLM, DeepSeek-V3, compressed-tensors.</summary>
    Ratio,

    /// <summary>
    /// 2^(floor(log2 amax) - emax), OCP MX 1.0, section 6.3. The largest elements may saturate: those whose significand is above that of max.
    /// </summary>
    PowerOfTwoFloor,

    /// <summary>
    /// 2^ceil(log2(amax / max)), the smallest power of two with which nothing saturates. NVIDIA's "RCEIL" for MX, and DeepSeek's
    /// <c>ue8m0</c> (V3.1: float32 scales that are powers of two).
    /// </summary>
    PowerOfTwoCeiling,

    /// <summary>
    /// As <see cref="PowerOfTwoFloor"/>, one more where the significand of amax is 1.75 or above: <c>round_to_power_2</c> of
    /// compressed-tensors, which adds a quarter of the significand's unit before it cuts (<c>quantization/utils/mxfp_utils.py</c>).
    /// </summary>
    PowerOfTwoRounded,
}
