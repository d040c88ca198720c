namespace Octet.Numerics;

/// <summary>The 8-bit float with range: sign, 5 exponent bits, 2 mantissa bits, the upper half of a <see cref="System.Half"/> (OCP OFP8 1.0 "E5M2", safetensors <c>F8_E5M2</c>).</summary>
/// <remarks>
/// <para>Bias 15, from 2^-16 to 57344, with infinities (0x7C, 0xFC) and NaNs (conversions give 0x7E).</para>
/// <para>
/// Constants, predicates, functions and parsing are extension members of the whole family: <see cref="SmallFloat"/>; spans:
/// <see cref="BulkConversion"/>. Generic code sees <see cref="System.Numerics.IBinaryFloatingPointIeee754{TSelf}"/>.
/// </para>
/// </remarks>
[SmallFloatFormat(exponentBits: 5, mantissaBits: 2, exponentBias: 15, NonFiniteValues.Ieee)]
public readonly partial struct Float8E5M2;
