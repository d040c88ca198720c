namespace Octet.Numerics;

/// <summary>
/// Which of its two neighbours a number becomes that a format does not hold. All but the first are directed: beyond the largest finite
/// value, where a direction leads back to it the largest finite value is the result (IEEE 754-2019, 7.4).
/// </summary>
public enum RoundingMode
{
    /// <summary>The nearer one; of two equally near ones that with the even code. The rule of casts.</summary>
    ToNearestEven,

    /// <summary>The one nearer to zero: truncation. For E8M0FNU the floor of the exponent, the rule of OCP MX 1.0.</summary>
    TowardZero,

    /// <summary>The greater one.</summary>
    TowardPositive,

    /// <summary>The lesser one.</summary>
    TowardNegative,

    /// <summary>The one with the odd code, so that rounding once more to a format with two bits less is still right (Boldo and Melquiond, 2008).</summary>
    ToOdd,
}
