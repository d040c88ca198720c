namespace Octet.Numerics;

/// <summary>The 8-bit float of FP8 weights: sign, 4 exponent bits, 3 mantissa bits; finite (OCP OFP8 1.0 "E4M3", safetensors <c>F8_E4M3</c>).</summary>
/// <remarks>
/// <para>Bias 7, from 2^-9 to 448. There is no infinity: 0x7F and 0xFF are NaN, and so are <c>PositiveInfinity</c> and <c>NegativeInfinity</c>, what infinite and overflowing values are cast to.</para>
/// <para>
/// Constants, predicates, functions and parsing are extension members of the whole family: <see cref="SmallFloat"/>; spans:
/// <see cref="BulkConversion"/>. Generic code sees <see cref="System.Numerics.IBinaryFloatingPointIeee754{TSelf}"/>.
/// </para>
/// </remarks>
[SmallFloatFormat(exponentBits: 4, mantissaBits: 3, exponentBias: 7, NonFiniteValues.AllOnesNaN)]
public readonly partial struct Float8E4M3FN;
