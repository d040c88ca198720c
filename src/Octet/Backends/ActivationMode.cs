namespace Octet;

/// <summary>How the input of an FP8 linear layer is held while it is multiplied.</summary>
public enum ActivationMode
{
    /// <summary>Inputs stay in float32; only the weights are 8 bits wide. The default on the CPU.</summary>
    WeightOnly,

    /// <summary>
    /// Inputs are quantised per token and group of 128 channels to E4M3 before the product, as GPUs compute it:
    /// <c>s = max(|x|, 1e-10) / 448</c>, <c>q = round-to-nearest-even(x / s)</c>, saturating.
    /// </summary>
    Dynamic,
}
