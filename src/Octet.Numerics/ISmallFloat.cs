using System.Numerics;

namespace Octet.Numerics;

/// <summary>
/// A binary floating-point format of at most 16 bits: sign, exponent, mantissa, from the top. A format is the four values declared
/// here; everything that <see cref="IBinaryFloatingPointIeee754{TSelf}"/> asks for follows from them and is implemented once, in this
/// interface. An implementing struct holds nothing but its code (<see cref="byte"/> or <see cref="ushort"/>), and adds operators.
/// </summary>
/// <remarks>
/// Arithmetic widens to float32, computes, and rounds once to nearest even: with at most 8 significant bits that is the correctly
/// rounded result. Other functions are computed in float64.
/// </remarks>
/// <typeparam name="TSelf">The implementing struct, of one or two bytes.</typeparam>
public partial interface ISmallFloat<TSelf> : IBinaryFloatingPointIeee754<TSelf>, IMinMaxValue<TSelf>
    where TSelf : unmanaged, ISmallFloat<TSelf>
{
    /// <summary>The width of the exponent field, at most 8.</summary>
    static abstract int ExponentBits { get; }

    /// <summary>The width of the stored mantissa, without the leading one.</summary>
    static abstract int MantissaBits { get; }

    /// <summary>What is subtracted from the exponent field: the code of 1 has this exponent.</summary>
    static abstract int ExponentBias { get; }

    /// <summary>How infinity and NaN are spelt, if at all.</summary>
    static abstract NonFiniteValues NonFinite { get; }
}
