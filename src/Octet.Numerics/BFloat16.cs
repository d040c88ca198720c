namespace Octet.Numerics;

/// <summary>The upper half of a float32: sign, 8 exponent bits, 7 mantissa bits (safetensors <c>BF16</c>).</summary>
/// <remarks>
/// <para>Bias 127, from 2^-133 to 3.39e38, with infinities (0x7F80, 0xFF80) and NaNs (conversions give 0x7FC0).</para>
/// <para>
/// Constants, predicates, functions and parsing are extension members of the whole family: <see cref="SmallFloat"/>; spans:
/// <see cref="BulkConversion"/>. Generic code sees <see cref="System.Numerics.IBinaryFloatingPointIeee754{TSelf}"/>.
/// </para>
/// </remarks>
[SmallFloatFormat(exponentBits: 8, mantissaBits: 7, exponentBias: 127, NonFiniteValues.Ieee)]
public readonly partial struct BFloat16;
