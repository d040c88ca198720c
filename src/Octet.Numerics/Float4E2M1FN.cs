namespace Octet.Numerics;

/// <summary>The 4-bit float of MXFP4 and NVFP4: sign, 2 exponent bits, 1 mantissa bit; every code is a number (OCP MX 1.0 "E2M1", safetensors <c>F4</c>). One value takes a byte here; <see cref="PackedBits"/> packs them.</summary>
/// <remarks>
/// <para>The values are 0, 0.5, 1, 1.5, 2, 3, 4 and 6 in both signs. There is neither infinity nor NaN: what is too large becomes 6, NaN negative zero, as in ml_dtypes.</para>
/// <para>
/// Constants, predicates, functions and parsing are extension members of the whole family: <see cref="SmallFloat"/>; spans:
/// <see cref="BulkConversion"/>. Generic code sees <see cref="System.Numerics.IBinaryFloatingPointIeee754{TSelf}"/>.
/// </para>
/// </remarks>
[SmallFloatFormat(exponentBits: 2, mantissaBits: 1, exponentBias: 1, NonFiniteValues.None)]
public readonly partial struct Float4E2M1FN;
