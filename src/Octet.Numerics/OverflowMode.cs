namespace Octet.Numerics;

/// <summary>
/// What a conversion gives where the rounded value lies beyond the largest finite one. Rounding comes first (OCP OFP8 1.0): 464 is a
/// tie that rounds to 448 in E4M3FN and does not overflow, 61440 rounds away from 57344 in E5M2 and does.
/// </summary>
public enum OverflowMode
{
    /// <summary>Infinity, or NaN where the format has no infinity (the largest value where it has neither). The rule of casts, of ml_dtypes and of PyTorch to 2.11.</summary>
    NonSaturating,

    /// <summary>The largest finite value for a finite input; an infinite input as in <see cref="NonSaturating"/>. ml_dtypes' saturating cast.</summary>
    SaturateFinite,

    /// <summary>The largest finite value, for infinities too. CUDA's <c>satfinite</c>, the OCP saturating mode, ONNX's default. NaN stays NaN.</summary>
    Saturate,
}
