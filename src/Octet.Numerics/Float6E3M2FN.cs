namespace Octet.Numerics;

/// <summary>A 6-bit float with range: sign, 3 exponent bits, 2 mantissa bits; every code is a number (OCP MX 1.0 "E3M2", safetensors <c>F6_E3M2</c>). One value takes a byte here; <see cref="PackedBits"/> packs them.</summary>
/// <remarks>
/// <para>Bias 3, from 0.0625 to 28. There is neither infinity nor NaN: what is too large becomes the largest value, NaN negative zero, as in ml_dtypes.</para>
/// <para>
/// Constants, predicates, functions and parsing are extension members of the whole family: <see cref="SmallFloat"/>; spans:
/// <see cref="BulkConversion"/>. Generic code sees <see cref="System.Numerics.IBinaryFloatingPointIeee754{TSelf}"/>.
/// </para>
/// </remarks>
[SmallFloatFormat(exponentBits: 3, mantissaBits: 2, exponentBias: 3, NonFiniteValues.None)]
public readonly partial struct Float6E3M2FN;
