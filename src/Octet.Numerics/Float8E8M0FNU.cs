namespace Octet.Numerics;

/// <summary>An 8-bit power of two, the scale of the microscaled formats (OCP MX 1.0 "E8M0", safetensors <c>F8_E8M0</c>): 2^(code - 127).</summary>
/// <remarks>
/// <para>From 2^-127 (code 0) to 2^127; 0xFF is NaN. There is no sign and no zero: <c>Zero</c>, <c>NegativeOne</c> and the infinities are NaN, <c>MinValue</c> and <c>Epsilon</c> 2^-127. <c>default</c> is 2^-127, not zero. A scale is chosen with <see cref="RoundingMode.TowardZero"/> (OCP) or <see cref="RoundingMode.TowardPositive"/> (so that nothing saturates); the cast to nearest is that of ml_dtypes.</para>
/// <para>
/// Constants, predicates, functions and parsing are extension members of the whole family: <see cref="SmallFloat"/>; spans:
/// <see cref="BulkConversion"/>. Generic code sees <see cref="System.Numerics.IBinaryFloatingPointIeee754{TSelf}"/>.
/// </para>
/// </remarks>
[SmallFloatFormat(exponentBits: 8, mantissaBits: 0, exponentBias: 127, NonFiniteValues.UnsignedAllOnesNaN)]
public readonly partial struct Float8E8M0FNU;
