namespace Octet.Numerics;

/// <summary>The 8-bit float with 4 exponent and 3 mantissa bits as IEEE 754 would have it (ml_dtypes <c>float8_e4m3</c>). Not what checkpoints call E4M3, which is <see cref="Float8E4M3FN"/>; not a type of safetensors.</summary>
/// <remarks>
/// <para>Bias 7, from 2^-9 to 240, with infinities (0x78, 0xF8) and NaNs (conversions give 0x7C).</para>
/// <para>
/// Constants, predicates, functions and parsing are extension members of the whole family: <see cref="SmallFloat"/>; spans:
/// <see cref="BulkConversion"/>. Generic code sees <see cref="System.Numerics.IBinaryFloatingPointIeee754{TSelf}"/>.
/// </para>
/// </remarks>
[SmallFloatFormat(exponentBits: 4, mantissaBits: 3, exponentBias: 7, NonFiniteValues.Ieee)]
public readonly partial struct Float8E4M3;
