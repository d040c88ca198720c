namespace Octet.Numerics;

/// <summary>The 8-bit float of AMD CDNA 3: sign, 4 exponent bits, 3 mantissa bits; finite, one zero (safetensors <c>F8_E4M3FNUZ</c>).</summary>
/// <remarks>
/// <para>Bias 8, from 2^-10 to 240. The code of negative zero, 0x80, is the one NaN, and what infinite and overflowing values are cast to.</para>
/// <para>
/// Constants, predicates, functions and parsing are extension members of the whole family: <see cref="SmallFloat"/>; spans:
/// <see cref="BulkConversion"/>. Generic code sees <see cref="System.Numerics.IBinaryFloatingPointIeee754{TSelf}"/>.
/// </para>
/// </remarks>
[SmallFloatFormat(exponentBits: 4, mantissaBits: 3, exponentBias: 8, NonFiniteValues.NegativeZeroNaN)]
public readonly partial struct Float8E4M3FNUZ;
