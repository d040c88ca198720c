namespace Octet.Backends;

/// <summary>How the inputs of a linear layer become E4M3 codes: <c>q = rn_sat(x / s)</c>, and where <c>s</c> comes from.</summary>
/// <param name="Scale">Above 0: the scale, whatever the inputs are. 0: computed from them, <c>s = max(|x|, 1e-10) / 448</c>.</param>
/// <param name="Group">Channels of a token that share a computed scale: 128, or 0 for all of them.</param>
/// <param name="PowerOfTwo">Whether a computed scale is rounded up to a power of two.</param>
/// <param name="Bound">The most that counts as max(|x|) for a computed scale; what is beyond saturates.</param>
readonly record struct InputQuantization(float Scale, int Group, bool PowerOfTwo, float Bound = float.PositiveInfinity)
{
    /// <summary>The channels of a group, where a config names no other.</summary>
    internal const int DefaultGroup = 128;

    internal static InputQuantization Dynamic { get; } = new(0, DefaultGroup, false);

    internal static InputQuantization Static(float scale) => new(scale, 0, false);
}
