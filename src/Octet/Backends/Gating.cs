namespace Octet.Backends;

/// <summary>What becomes of the two products of a gated feed-forward layer.</summary>
/// <param name="Kind">The function.</param>
/// <param name="Alpha">For <see cref="GatingKind.ClampedSwiGlu"/> and <see cref="GatingKind.Swish"/>.</param>
/// <param name="Limit">For <see cref="GatingKind.ClampedSwiGlu"/>.</param>
readonly record struct Gating(GatingKind Kind, float Alpha = 1, float Limit = float.PositiveInfinity)
{
    internal static Gating Silu { get; } = new(GatingKind.Silu);

    internal static Gating Gelu { get; } = new(GatingKind.Gelu);

    internal static Gating GeluTanh { get; } = new(GatingKind.GeluTanh);
}

/// <summary>The functions of <see cref="Gating"/>; s is the logistic function.</summary>
enum GatingKind
{
    /// <summary>gate * s(gate) * up.</summary>
    Silu,

    /// <summary>gate * (1 + erf(gate / sqrt(2))) / 2 * up.</summary>
    Gelu,

    /// <summary>gate * s(2 * sqrt(2 / pi) * (gate + 0.044715 * gate^3)) * up, which is GELU with its tanh.</summary>
    GeluTanh,

    /// <summary>g * s(Alpha * g) * (u + 1) of g = min(gate, Limit) and u = clamp(up, -Limit, Limit) (gpt-oss).</summary>
    ClampedSwiGlu,

    /// <summary>gate * s(Alpha * gate) * up (Ramachandran et al., "Searching for Activation Functions", 2017).</summary>
    Swish,
}
