namespace Octet.Numerics;

/// <summary>A 6-bit float: sign, 2 exponent bits, 3 mantissa bits; every code is a number (OCP MX 1.0 "E2M3", safetensors <c>F6_E2M3</c>). One value takes a byte here; <see cref="PackedBits"/> packs them.</summary>
/// <remarks>
/// <para>Bias 1, from 0.125 to 7.5. There is neither infinity nor NaN: what is too large becomes the largest value, NaN negative zero, as in ml_dtypes.</para>
/// <para>
/// Constants, predicates, functions and parsing are extension members of the whole family: <see cref="SmallFloat"/>; spans:
/// <see cref="BulkConversion"/>. Generic code sees <see cref="System.Numerics.IBinaryFloatingPointIeee754{TSelf}"/>.
/// </para>
/// </remarks>
[SmallFloatFormat(exponentBits: 2, mantissaBits: 3, exponentBias: 1, NonFiniteValues.None)]
public readonly partial struct Float6E2M3FN;
