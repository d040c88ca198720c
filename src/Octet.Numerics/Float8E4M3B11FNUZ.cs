namespace Octet.Numerics;

/// <summary>An 8-bit float near zero: sign, 4 exponent bits, 3 mantissa bits, bias 11; finite, one zero (ml_dtypes <c>float8_e4m3b11fnuz</c>). Not a type of safetensors.</summary>
/// <remarks>
/// <para>From 2^-13 to 30. The code of negative zero, 0x80, is the one NaN, and what infinite and overflowing values are cast to.</para>
/// <para>
/// Constants, predicates, functions and parsing are extension members of the whole family: <see cref="SmallFloat"/>; spans:
/// <see cref="BulkConversion"/>. Generic code sees <see cref="System.Numerics.IBinaryFloatingPointIeee754{TSelf}"/>.
/// </para>
/// </remarks>
[SmallFloatFormat(exponentBits: 4, mantissaBits: 3, exponentBias: 11, NonFiniteValues.NegativeZeroNaN)]
public readonly partial struct Float8E4M3B11FNUZ;
