using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace Octet.Numerics;

/// <summary>The 8-bit float of FP8 weights: sign, 4 exponent bits, 3 mantissa bits; finite (OCP OFP8 1.0 "E4M3", safetensors <c>F8_E4M3</c>).</summary>
/// <remarks>
/// <para>Bias 7, from 2^-9 to 448. There is no infinity: 0x7F and 0xFF are NaN, and so are <c>PositiveInfinity</c> and <c>NegativeInfinity</c>, what infinite and overflowing values are cast to.</para>
/// <para>
/// Constants, predicates, functions and parsing are extension members of the whole family: <see cref="SmallFloat"/>; spans:
/// <see cref="BulkConversion"/>. Generic code sees <see cref="IBinaryFloatingPointIeee754{TSelf}"/>.
/// </para>
/// </remarks>
public readonly struct Float8E4M3FN : ISmallFloat<Float8E4M3FN>
{
    readonly byte _bits;

    Float8E4M3FN(byte bits) => _bits = bits;

    static int ISmallFloat<Float8E4M3FN>.ExponentBits => 4;

    static int ISmallFloat<Float8E4M3FN>.MantissaBits => 3;

    static int ISmallFloat<Float8E4M3FN>.ExponentBias => 7;

    static NonFiniteValues ISmallFloat<Float8E4M3FN>.NonFinite => NonFiniteValues.AllOnesNaN;

    /// <summary>The number that has a code.</summary>
    /// <param name="bits">The code; every one is valid.</param>
    public static Float8E4M3FN FromBits(byte bits) => new(bits);

    /// <summary>The code of this number.</summary>
    public byte ToBits() => _bits;

    /// <summary>Widens. Exact.</summary>
    public static implicit operator float(Float8E4M3FN value) => Code<Float8E4M3FN>.ToSingle(value);

    /// <summary>Rounds once, to nearest even: exact, every value is a half.</summary>
    public static explicit operator Half(Float8E4M3FN value) => (Half)(float)value;

    /// <summary>Cuts the fraction off; NaN is 0, and what the integer does not hold its nearest value.</summary>
    public static explicit operator ushort(Float8E4M3FN value) => (ushort)(float)value;

    /// <summary>Cuts the fraction off; NaN is 0, and what the integer does not hold its nearest value.</summary>
    public static explicit operator int(Float8E4M3FN value) => (int)(float)value;

    /// <summary>Cuts the fraction off; NaN is 0, and what the integer does not hold its nearest value.</summary>
    public static explicit operator uint(Float8E4M3FN value) => (uint)(float)value;

    /// <summary>Cuts the fraction off; NaN is 0, and what the integer does not hold its nearest value.</summary>
    public static explicit operator long(Float8E4M3FN value) => (long)(float)value;

    /// <summary>Cuts the fraction off; NaN is 0, and what the integer does not hold its nearest value.</summary>
    public static explicit operator ulong(Float8E4M3FN value) => (ulong)(float)value;

    /// <summary>Cuts the fraction off; NaN is 0, and what the integer does not hold its nearest value.</summary>
    public static explicit operator nint(Float8E4M3FN value) => (nint)(float)value;

    /// <summary>Cuts the fraction off; NaN is 0, and what the integer does not hold its nearest value.</summary>
    public static explicit operator nuint(Float8E4M3FN value) => (nuint)(float)value;

    /// <summary>Exact as far as decimal's 28 places reach.</summary>
    /// <exception cref="OverflowException">NaN, infinite, or 2^96 and more in magnitude.</exception>
    public static explicit operator decimal(Float8E4M3FN value) => NumberSource.ToDecimal(value);

    /// <summary>Rounds once, to nearest even. Beyond 464 in magnitude, and for infinities, the result is NaN with the sign of the value.</summary>
    public static explicit operator Float8E4M3FN(float value) => Code<Float8E4M3FN>.Round(value);

    /// <inheritdoc cref="op_Explicit(float)"/>
    public static explicit operator Float8E4M3FN(double value) => Code<Float8E4M3FN>.Round(value);

    /// <inheritdoc cref="op_Explicit(float)"/>
    public static explicit operator Float8E4M3FN(Half value) => Code<Float8E4M3FN>.Round((double)value);

    /// <inheritdoc cref="op_Explicit(float)"/>
    public static explicit operator Float8E4M3FN(decimal value) => Code<Float8E4M3FN>.Round(OddRounding.ToDouble(value));

    /// <inheritdoc cref="op_Explicit(float)"/>
    public static explicit operator Float8E4M3FN(ushort value) => Code<Float8E4M3FN>.Round(value);

    /// <inheritdoc cref="op_Explicit(float)"/>
    public static explicit operator Float8E4M3FN(int value) => Code<Float8E4M3FN>.Round(value);

    /// <inheritdoc cref="op_Explicit(float)"/>
    public static explicit operator Float8E4M3FN(uint value) => Code<Float8E4M3FN>.Round(value);

    /// <inheritdoc cref="op_Explicit(float)"/>
    public static explicit operator Float8E4M3FN(long value) => Code<Float8E4M3FN>.Round(OddRounding.ToDouble(value));

    /// <inheritdoc cref="op_Explicit(float)"/>
    public static explicit operator Float8E4M3FN(ulong value) => Code<Float8E4M3FN>.Round(OddRounding.ToDouble(value));

    /// <summary>The sum, rounded once.</summary>
    public static Float8E4M3FN operator +(Float8E4M3FN left, Float8E4M3FN right) => (Float8E4M3FN)((float)left + right);

    /// <summary>The difference, rounded once.</summary>
    public static Float8E4M3FN operator -(Float8E4M3FN left, Float8E4M3FN right) => (Float8E4M3FN)((float)left - right);

    /// <summary>The product, rounded once.</summary>
    public static Float8E4M3FN operator *(Float8E4M3FN left, Float8E4M3FN right) => (Float8E4M3FN)((float)left * right);

    /// <summary>The quotient, rounded once.</summary>
    public static Float8E4M3FN operator /(Float8E4M3FN left, Float8E4M3FN right) => (Float8E4M3FN)((float)left / right);

    /// <summary>What is left of <paramref name="left"/> after whole times <paramref name="right"/>, with the sign of the former. Exact.</summary>
    public static Float8E4M3FN operator %(Float8E4M3FN left, Float8E4M3FN right) => (Float8E4M3FN)((float)left % right);

    /// <summary>The value itself.</summary>
    public static Float8E4M3FN operator +(Float8E4M3FN value) => value;

    /// <summary>The value with its sign turned.</summary>
    public static Float8E4M3FN operator -(Float8E4M3FN value) => new((byte)(value._bits ^ 0x80));

    /// <summary>One more, rounded once.</summary>
    public static Float8E4M3FN operator ++(Float8E4M3FN value) => (Float8E4M3FN)((float)value + 1);

    /// <summary>One less, rounded once.</summary>
    public static Float8E4M3FN operator --(Float8E4M3FN value) => (Float8E4M3FN)((float)value - 1);

    /// <summary>Whether the values are equal: negative zero is zero, NaN equals nothing.</summary>
    public static bool operator ==(Float8E4M3FN left, Float8E4M3FN right) => (float)left == right;

    /// <summary>Whether the values differ, or one is NaN.</summary>
    public static bool operator !=(Float8E4M3FN left, Float8E4M3FN right) => (float)left != right;

    /// <summary>False where one is NaN.</summary>
    public static bool operator <(Float8E4M3FN left, Float8E4M3FN right) => (float)left < right;

    /// <inheritdoc cref="op_LessThan"/>
    public static bool operator >(Float8E4M3FN left, Float8E4M3FN right) => (float)left > right;

    /// <inheritdoc cref="op_LessThan"/>
    public static bool operator <=(Float8E4M3FN left, Float8E4M3FN right) => (float)left <= right;

    /// <inheritdoc cref="op_LessThan"/>
    public static bool operator >=(Float8E4M3FN left, Float8E4M3FN right) => (float)left >= right;

    /// <summary>Orders by value, NaN before everything and equal to itself.</summary>
    public int CompareTo(Float8E4M3FN other) => ((float)this).CompareTo(other);

    /// <inheritdoc/>
    public int CompareTo(object? obj) => obj switch
    {
        null => 1,
        Float8E4M3FN other => CompareTo(other),
        _ => throw new ArgumentException($"expected Float8E4M3FN, found {obj.GetType().Name}", nameof(obj)),
    };

    /// <summary>As <c>==</c>, but NaN equals NaN.</summary>
    public bool Equals(Float8E4M3FN other) => ((float)this).Equals(other);

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => obj is Float8E4M3FN other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => ((float)this).GetHashCode();

    /// <summary>The exact value: 448 prints 448, the smallest positive value 0.001953125.</summary>
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
