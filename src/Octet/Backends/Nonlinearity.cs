namespace Octet.Backends;

/// <summary>What a layer's outputs go through, one by one.</summary>
enum Nonlinearity
{
    /// <summary>x * (1 + erf(x / sqrt(2))) / 2.</summary>
    Gelu,

    /// <summary>x * s(2 * sqrt(2 / pi) * (x + 0.044715 * x^3)), s being the logistic function: GELU with its tanh.</summary>
    GeluTanh,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>max(x, 0)^2 (So et al., "Primer", 2021).</summary>
    SquaredRelu,

    /// <summary>x * s(x).</summary>
    Silu,

    /// <summary>The hyperbolic tangent.</summary>
    Tanh,
}
