using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace Octet.Numerics;

/// <summary>The upper half of a float32: sign, 8 exponent bits, 7 mantissa bits (safetensors <c>BF16</c>).</summary>
/// <remarks>
/// <para>Bias 127, from 2^-133 to 3.39e38, with infinities (0x7F80, 0xFF80) and NaNs (conversions give 0x7FC0).</para>
/// <para>
/// Constants, predicates, functions and parsing are extension members of the whole family: <see cref="SmallFloat"/>; spans:
/// <see cref="BulkConversion"/>. Generic code sees <see cref="IBinaryFloatingPointIeee754{TSelf}"/>.
/// </para>
/// </remarks>
public readonly struct BFloat16 : ISmallFloat<BFloat16>
{
    readonly ushort _bits;

    BFloat16(ushort bits) => _bits = bits;

    static int ISmallFloat<BFloat16>.ExponentBits => 8;

    static int ISmallFloat<BFloat16>.MantissaBits => 7;

    static int ISmallFloat<BFloat16>.ExponentBias => 127;

    static NonFiniteValues ISmallFloat<BFloat16>.NonFinite => NonFiniteValues.Ieee;

    /// <summary>The number that has a code.</summary>
    /// <param name="bits">The code; every one is valid.</param>
    public static BFloat16 FromBits(ushort bits) => new(bits);

    /// <summary>The code of this number.</summary>
    public ushort ToBits() => _bits;

    /// <summary>Widens. Exact.</summary>
    public static implicit operator float(BFloat16 value) => Code<BFloat16>.ToSingle(value);

    /// <summary>Rounds once, to nearest even.</summary>
    public static explicit operator Half(BFloat16 value) => (Half)(float)value;

    /// <summary>Cuts the fraction off; NaN is 0, and what the integer does not hold its nearest value.</summary>
    public static explicit operator ushort(BFloat16 value) => (ushort)(float)value;

    /// <summary>Cuts the fraction off; NaN is 0, and what the integer does not hold its nearest value.</summary>
    public static explicit operator int(BFloat16 value) => (int)(float)value;

    /// <summary>Cuts the fraction off; NaN is 0, and what the integer does not hold its nearest value.</summary>
    public static explicit operator uint(BFloat16 value) => (uint)(float)value;

    /// <summary>Cuts the fraction off; NaN is 0, and what the integer does not hold its nearest value.</summary>
    public static explicit operator long(BFloat16 value) => (long)(float)value;

    /// <summary>Cuts the fraction off; NaN is 0, and what the integer does not hold its nearest value.</summary>
    public static explicit operator ulong(BFloat16 value) => (ulong)(float)value;

    /// <summary>Cuts the fraction off; NaN is 0, and what the integer does not hold its nearest value.</summary>
    public static explicit operator nint(BFloat16 value) => (nint)(float)value;

    /// <summary>Cuts the fraction off; NaN is 0, and what the integer does not hold its nearest value.</summary>
    public static explicit operator nuint(BFloat16 value) => (nuint)(float)value;

    /// <summary>Exact as far as decimal's 28 places reach.</summary>
    /// <exception cref="OverflowException">NaN, infinite, or 2^96 and more in magnitude.</exception>
    public static explicit operator decimal(BFloat16 value) => NumberSource.ToDecimal(value);

    /// <summary>Rounds once, to nearest even. From 2^128 - 2^119 in magnitude the result is infinity.</summary>
    public static explicit operator BFloat16(float value) => Code<BFloat16>.Round(value);

    /// <inheritdoc cref="op_Explicit(float)"/>
    public static explicit operator BFloat16(double value) => Code<BFloat16>.Round(value);

    /// <inheritdoc cref="op_Explicit(float)"/>
    public static explicit operator BFloat16(Half value) => Code<BFloat16>.Round((double)value);

    /// <inheritdoc cref="op_Explicit(float)"/>
    public static explicit operator BFloat16(decimal value) => Code<BFloat16>.Round(OddRounding.ToDouble(value));

    /// <inheritdoc cref="op_Explicit(float)"/>
    public static explicit operator BFloat16(ushort value) => Code<BFloat16>.Round(value);

    /// <inheritdoc cref="op_Explicit(float)"/>
    public static explicit operator BFloat16(int value) => Code<BFloat16>.Round(value);

    /// <inheritdoc cref="op_Explicit(float)"/>
    public static explicit operator BFloat16(uint value) => Code<BFloat16>.Round(value);

    /// <inheritdoc cref="op_Explicit(float)"/>
    public static explicit operator BFloat16(long value) => Code<BFloat16>.Round(OddRounding.ToDouble(value));

    /// <inheritdoc cref="op_Explicit(float)"/>
    public static explicit operator BFloat16(ulong value) => Code<BFloat16>.Round(OddRounding.ToDouble(value));

    /// <summary>The sum, rounded once.</summary>
    public static BFloat16 operator +(BFloat16 left, BFloat16 right) => (BFloat16)((float)left + right);

    /// <summary>The difference, rounded once.</summary>
    public static BFloat16 operator -(BFloat16 left, BFloat16 right) => (BFloat16)((float)left - right);

    /// <summary>The product, rounded once.</summary>
    public static BFloat16 operator *(BFloat16 left, BFloat16 right) => (BFloat16)((float)left * right);

    /// <summary>The quotient, rounded once.</summary>
    public static BFloat16 operator /(BFloat16 left, BFloat16 right) => (BFloat16)((float)left / right);

    /// <summary>What is left of <paramref name="left"/> after whole times <paramref name="right"/>, with the sign of the former. Exact.</summary>
    public static BFloat16 operator %(BFloat16 left, BFloat16 right) => (BFloat16)((float)left % right);

    /// <summary>The value itself.</summary>
    public static BFloat16 operator +(BFloat16 value) => value;

    /// <summary>The value with its sign turned.</summary>
    public static BFloat16 operator -(BFloat16 value) => new((ushort)(value._bits ^ 0x8000));

    /// <summary>One more, rounded once.</summary>
    public static BFloat16 operator ++(BFloat16 value) => (BFloat16)((float)value + 1);

    /// <summary>One less, rounded once.</summary>
    public static BFloat16 operator --(BFloat16 value) => (BFloat16)((float)value - 1);

    /// <summary>Whether the values are equal: negative zero is zero, NaN equals nothing.</summary>
    public static bool operator ==(BFloat16 left, BFloat16 right) => (float)left == right;

    /// <summary>Whether the values differ, or one is NaN.</summary>
    public static bool operator !=(BFloat16 left, BFloat16 right) => (float)left != right;

    /// <summary>False where one is NaN.</summary>
    public static bool operator <(BFloat16 left, BFloat16 right) => (float)left < right;

    /// <inheritdoc cref="op_LessThan"/>
    public static bool operator >(BFloat16 left, BFloat16 right) => (float)left > right;

    /// <inheritdoc cref="op_LessThan"/>
    public static bool operator <=(BFloat16 left, BFloat16 right) => (float)left <= right;

    /// <inheritdoc cref="op_LessThan"/>
    public static bool operator >=(BFloat16 left, BFloat16 right) => (float)left >= right;

    /// <summary>Orders by value, NaN before everything and equal to itself.</summary>
    public int CompareTo(BFloat16 other) => ((float)this).CompareTo(other);

    /// <inheritdoc/>
    public int CompareTo(object? obj) => obj switch
    {
        null => 1,
        BFloat16 other => CompareTo(other),
        _ => throw new ArgumentException($"expected BFloat16, found {obj.GetType().Name}", nameof(obj)),
    };

    /// <summary>As <c>==</c>, but NaN equals NaN.</summary>
    public bool Equals(BFloat16 other) => ((float)this).Equals(other);

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => obj is BFloat16 other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => ((float)this).GetHashCode();

    /// <summary>The exact value where it has at most 15 significant digits, else the fewest digits that read back as it.</summary>
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
