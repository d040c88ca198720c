namespace Octet;

/// <summary>How the input of an FP8 linear layer is held while it is multiplied.</summary>
public enum ActivationMode
{
    /// <summary>Inputs stay in float32; only the weights are 8 bits wide. The default on the CPU.</summary>
    WeightOnly,

    /// <summary>
    /// Inputs are quantised to E4M3 before the product, as GPUs compute it: <c>s = max(|x|, 1e-10) / 448</c> over 128 channels of a token,
    /// or over the whole token where the checkpoint's config says so; <c>q = round-to-nearest-even(x / s)</c>, saturating. With
    /// <c>scale_fmt: ue8m0</c> (DeepSeek-V3.1) s is rounded up to a power of two.
    /// </summary>
    Dynamic,

    /// <summary>
    /// As <see cref="Dynamic"/> with the scales that the checkpoint carries, one number for the inputs of each layer (<c>input_scale</c>,
    /// <c>activation_scale</c>, <c>scale_input</c>): <c>q = round-to-nearest-even(x / s)</c>, saturating at 448 s. Needs a checkpoint whose
    /// FP8 layers all have one.
    /// </summary>
    Static,
}
