namespace Octet.Numerics;

/// <summary>The 8-bit float of AMD CDNA 3 with range: sign, 5 exponent bits, 2 mantissa bits; finite, one zero (safetensors <c>F8_E5M2FNUZ</c>).</summary>
/// <remarks>
/// <para>Bias 16, from 2^-17 to 57344. The code of negative zero, 0x80, is the one NaN, and what infinite and overflowing values are cast to.</para>
/// <para>
/// Constants, predicates, functions and parsing are extension members of the whole family: <see cref="SmallFloat"/>; spans:
/// <see cref="BulkConversion"/>. Generic code sees <see cref="System.Numerics.IBinaryFloatingPointIeee754{TSelf}"/>.
/// </para>
/// </remarks>
[SmallFloatFormat(exponentBits: 5, mantissaBits: 2, exponentBias: 16, NonFiniteValues.NegativeZeroNaN)]
public readonly partial struct Float8E5M2FNUZ;
