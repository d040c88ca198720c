using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace Octet.Numerics;

/// <summary>The 8-bit float with half precision's exponent: sign, 5 exponent bits, 2 mantissa bits (OCP OFP8 1.0 "E5M2", safetensors <c>F8_E5M2</c>).</summary>
/// <remarks>
/// <para>Bias 15, from 2^-16 to 57344, with infinities (0x7C, 0xFC) and NaNs (0x7D to 0x7F, 0xFD to 0xFF; conversions give 0x7E): the upper byte of a <see cref="Half"/>.</para>
/// <para>
/// Constants, predicates, functions and parsing are extension members of the whole family: <see cref="SmallFloat"/>; spans:
/// <see cref="BulkConversion"/>. Generic code sees <see cref="IBinaryFloatingPointIeee754{TSelf}"/>.
/// </para>
/// </remarks>
public readonly struct Float8E5M2 : ISmallFloat<Float8E5M2>
{
    readonly byte _bits;

    Float8E5M2(byte bits) => _bits = bits;

    static int ISmallFloat<Float8E5M2>.ExponentBits => 5;

    static int ISmallFloat<Float8E5M2>.MantissaBits => 2;

    static int ISmallFloat<Float8E5M2>.ExponentBias => 15;

    static NonFiniteValues ISmallFloat<Float8E5M2>.NonFinite => NonFiniteValues.Ieee;

    /// <summary>The number that has a code.</summary>
    /// <param name="bits">The code; every one is valid.</param>
    public static Float8E5M2 FromBits(byte bits) => new(bits);

    /// <summary>The code of this number.</summary>
    public byte ToBits() => _bits;

    /// <summary>Widens. Exact.</summary>
    public static implicit operator float(Float8E5M2 value) => Code<Float8E5M2>.ToSingle(value);

    /// <summary>Rounds once, to nearest even: exact, every value is a half.</summary>
    public static explicit operator Half(Float8E5M2 value) => (Half)(float)value;

    /// <summary>Cuts the fraction off; NaN is 0, and what the integer does not hold its nearest value.</summary>
    public static explicit operator ushort(Float8E5M2 value) => (ushort)(float)value;

    /// <summary>Cuts the fraction off; NaN is 0, and what the integer does not hold its nearest value.</summary>
    public static explicit operator int(Float8E5M2 value) => (int)(float)value;

    /// <summary>Cuts the fraction off; NaN is 0, and what the integer does not hold its nearest value.</summary>
    public static explicit operator uint(Float8E5M2 value) => (uint)(float)value;

    /// <summary>Cuts the fraction off; NaN is 0, and what the integer does not hold its nearest value.</summary>
    public static explicit operator long(Float8E5M2 value) => (long)(float)value;

    /// <summary>Cuts the fraction off; NaN is 0, and what the integer does not hold its nearest value.</summary>
    public static explicit operator ulong(Float8E5M2 value) => (ulong)(float)value;

    /// <summary>Cuts the fraction off; NaN is 0, and what the integer does not hold its nearest value.</summary>
    public static explicit operator nint(Float8E5M2 value) => (nint)(float)value;

    /// <summary>Cuts the fraction off; NaN is 0, and what the integer does not hold its nearest value.</summary>
    public static explicit operator nuint(Float8E5M2 value) => (nuint)(float)value;

    /// <summary>Exact as far as decimal's 28 places reach.</summary>
    /// <exception cref="OverflowException">NaN, infinite, or 2^96 and more in magnitude.</exception>
    public static explicit operator decimal(Float8E5M2 value) => NumberSource.ToDecimal(value);

    /// <summary>Rounds once, to nearest even. From 61440 in magnitude the result is infinity.</summary>
    public static explicit operator Float8E5M2(float value) => Code<Float8E5M2>.Round(value);

    /// <inheritdoc cref="op_Explicit(float)"/>
    public static explicit operator Float8E5M2(double value) => Code<Float8E5M2>.Round(value);

    /// <inheritdoc cref="op_Explicit(float)"/>
    public static explicit operator Float8E5M2(Half value) => Code<Float8E5M2>.Round((double)value);

    /// <inheritdoc cref="op_Explicit(float)"/>
    public static explicit operator Float8E5M2(decimal value) => Code<Float8E5M2>.Round(OddRounding.ToDouble(value));

    /// <inheritdoc cref="op_Explicit(float)"/>
    public static explicit operator Float8E5M2(ushort value) => Code<Float8E5M2>.Round(value);

    /// <inheritdoc cref="op_Explicit(float)"/>
    public static explicit operator Float8E5M2(int value) => Code<Float8E5M2>.Round(value);

    /// <inheritdoc cref="op_Explicit(float)"/>
    public static explicit operator Float8E5M2(uint value) => Code<Float8E5M2>.Round(value);

    /// <inheritdoc cref="op_Explicit(float)"/>
    public static explicit operator Float8E5M2(long value) => Code<Float8E5M2>.Round(OddRounding.ToDouble(value));

    /// <inheritdoc cref="op_Explicit(float)"/>
    public static explicit operator Float8E5M2(ulong value) => Code<Float8E5M2>.Round(OddRounding.ToDouble(value));

    /// <summary>The sum, rounded once.</summary>
    public static Float8E5M2 operator +(Float8E5M2 left, Float8E5M2 right) => (Float8E5M2)((float)left + right);

    /// <summary>The difference, rounded once.</summary>
    public static Float8E5M2 operator -(Float8E5M2 left, Float8E5M2 right) => (Float8E5M2)((float)left - right);

    /// <summary>The product, rounded once.</summary>
    public static Float8E5M2 operator *(Float8E5M2 left, Float8E5M2 right) => (Float8E5M2)((float)left * right);

    /// <summary>The quotient, rounded once.</summary>
    public static Float8E5M2 operator /(Float8E5M2 left, Float8E5M2 right) => (Float8E5M2)((float)left / right);

    /// <summary>What is left of <paramref name="left"/> after whole times <paramref name="right"/>, with the sign of the former. Exact.</summary>
    public static Float8E5M2 operator %(Float8E5M2 left, Float8E5M2 right) => (Float8E5M2)((float)left % right);

    /// <summary>The value itself.</summary>
    public static Float8E5M2 operator +(Float8E5M2 value) => value;

    /// <summary>The value with its sign turned.</summary>
    public static Float8E5M2 operator -(Float8E5M2 value) => new((byte)(value._bits ^ 0x80));

    /// <summary>One more, rounded once.</summary>
    public static Float8E5M2 operator ++(Float8E5M2 value) => (Float8E5M2)((float)value + 1);

    /// <summary>One less, rounded once.</summary>
    public static Float8E5M2 operator --(Float8E5M2 value) => (Float8E5M2)((float)value - 1);

    /// <summary>Whether the values are equal: negative zero is zero, NaN equals nothing.</summary>
    public static bool operator ==(Float8E5M2 left, Float8E5M2 right) => (float)left == right;

    /// <summary>Whether the values differ, or one is NaN.</summary>
    public static bool operator !=(Float8E5M2 left, Float8E5M2 right) => (float)left != right;

    /// <summary>False where one is NaN.</summary>
    public static bool operator <(Float8E5M2 left, Float8E5M2 right) => (float)left < right;

    /// <inheritdoc cref="op_LessThan"/>
    public static bool operator >(Float8E5M2 left, Float8E5M2 right) => (float)left > right;

    /// <inheritdoc cref="op_LessThan"/>
    public static bool operator <=(Float8E5M2 left, Float8E5M2 right) => (float)left <= right;

    /// <inheritdoc cref="op_LessThan"/>
    public static bool operator >=(Float8E5M2 left, Float8E5M2 right) => (float)left >= right;

    /// <summary>Orders by value, NaN before everything and equal to itself.</summary>
    public int CompareTo(Float8E5M2 other) => ((float)this).CompareTo(other);

    /// <inheritdoc/>
    public int CompareTo(object? obj) => obj switch
    {
        null => 1,
        Float8E5M2 other => CompareTo(other),
        _ => throw new ArgumentException($"expected Float8E5M2, found {obj.GetType().Name}", nameof(obj)),
    };

    /// <summary>As <c>==</c>, but NaN equals NaN.</summary>
    public bool Equals(Float8E5M2 other) => ((float)this).Equals(other);

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => obj is Float8E5M2 other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => ((float)this).GetHashCode();

    /// <summary>The exact value: 57344 prints 57344, the smallest positive value 1.52587890625E-05.</summary>
    public override string ToString() => ToString(null, null);

    /// <summary>The value in a numeric format of the framework; without one, or "G" or "R", as <see cref="ToString()"/>.</summary>
    /// <param name="format">A numeric format.</param>
    /// <param name="formatProvider">The culture; null is the current one.</param>
    public string ToString([StringSyntax(StringSyntaxAttribute.NumericFormat)] string? format, IFormatProvider? formatProvider) =>
        ((double)(float)this).ToString(SmallFloatText.Format(this, format), formatProvider);

    /// <inheritdoc/>
    public bool TryFormat(
        Span<char> destination,
        out int charsWritten,
        [StringSyntax(StringSyntaxAttribute.NumericFormat)] ReadOnlySpan<char> format,
        IFormatProvider? provider) =>
        ((double)(float)this).TryFormat(destination, out charsWritten, SmallFloatText.Format(this, format), provider);

    /// <inheritdoc/>
    public bool TryFormat(
        Span<byte> utf8Destination,
        out int bytesWritten,
        [StringSyntax(StringSyntaxAttribute.NumericFormat)] ReadOnlySpan<char> format,
        IFormatProvider? provider) =>
        ((double)(float)this).TryFormat(utf8Destination, out bytesWritten, SmallFloatText.Format(this, format), provider);
}
