namespace Octet.Numerics;

/// <summary>The 8-bit float with most precision: sign, 3 exponent bits, 4 mantissa bits, as IEEE 754 would have it (ml_dtypes <c>float8_e3m4</c>). Not a type of safetensors.</summary>
/// <remarks>
/// <para>Bias 3, from 2^-6 to 15.5, with infinities (0x70, 0xF0) and NaNs (conversions give 0x78).</para>
/// <para>
/// Constants, predicates, functions and parsing are extension members of the whole family: <see cref="SmallFloat"/>; spans:
/// <see cref="BulkConversion"/>. Generic code sees <see cref="System.Numerics.IBinaryFloatingPointIeee754{TSelf}"/>.
/// </para>
/// </remarks>
[SmallFloatFormat(exponentBits: 3, mantissaBits: 4, exponentBias: 3, NonFiniteValues.Ieee)]
public readonly partial struct Float8E3M4;
