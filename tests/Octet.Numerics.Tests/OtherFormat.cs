using System.Globalization;

namespace Octet.Numerics.Tests;

/// <summary>The data of a format that the library does not ship: what a new type has to say, and nothing else.</summary>
interface IFormatData
{
    static abstract int ExponentBits { get; }

    static abstract int MantissaBits { get; }

    static abstract int ExponentBias { get; }

    static abstract NonFiniteValues NonFinite { get; }
}

readonly struct E4M3 : IFormatData
{
    public static int ExponentBits => 4;

    public static int MantissaBits => 3;

    public static int ExponentBias => 7;

    public static NonFiniteValues NonFinite => NonFiniteValues.Ieee;
}

readonly struct E3M4 : IFormatData
{
    public static int ExponentBits => 3;

    public static int MantissaBits => 4;

    public static int ExponentBias => 3;

    public static NonFiniteValues NonFinite => NonFiniteValues.Ieee;
}

readonly struct E4M3FNUZ : IFormatData
{
    public static int ExponentBits => 4;

    public static int MantissaBits => 3;

    public static int ExponentBias => 8;

    public static NonFiniteValues NonFinite => NonFiniteValues.NegativeZeroNaN;
}

readonly struct E5M2FNUZ : IFormatData
{
    public static int ExponentBits => 5;

    public static int MantissaBits => 2;

    public static int ExponentBias => 16;

    public static NonFiniteValues NonFinite => NonFiniteValues.NegativeZeroNaN;
}

readonly struct E3M2FN : IFormatData
{
    public static int ExponentBits => 3;

    public static int MantissaBits => 2;

    public static int ExponentBias => 3;

    public static NonFiniteValues NonFinite => NonFiniteValues.None;
}

readonly struct E2M1FN : IFormatData
{
    public static int ExponentBits => 2;

    public static int MantissaBits => 1;

    public static int ExponentBias => 1;

    public static NonFiniteValues NonFinite => NonFiniteValues.None;
}

/// <summary>A number of any 8-bit format, to hold the core to formats of every kind.</summary>
readonly struct OtherFormat<TData> : ISmallFloat<OtherFormat<TData>>
    where TData : IFormatData
{
    readonly byte _bits;

    public OtherFormat(byte bits) => _bits = bits;

    static int ISmallFloat<OtherFormat<TData>>.ExponentBits => TData.ExponentBits;

    static int ISmallFloat<OtherFormat<TData>>.MantissaBits => TData.MantissaBits;

    static int ISmallFloat<OtherFormat<TData>>.ExponentBias => TData.ExponentBias;

    static NonFiniteValues ISmallFloat<OtherFormat<TData>>.NonFinite => TData.NonFinite;

    public byte ToBits() => _bits;

    static OtherFormat<TData> Rounded(float value) => OtherFormat<TData>.FromSingle(value, OverflowMode.NonSaturating);

    public static implicit operator float(OtherFormat<TData> value) => float.CreateTruncating(value);

    public static OtherFormat<TData> operator +(OtherFormat<TData> left, OtherFormat<TData> right) => Rounded((float)left + right);

    public static OtherFormat<TData> operator -(OtherFormat<TData> left, OtherFormat<TData> right) => Rounded((float)left - right);

    public static OtherFormat<TData> operator *(OtherFormat<TData> left, OtherFormat<TData> right) => Rounded((float)left * right);

    public static OtherFormat<TData> operator /(OtherFormat<TData> left, OtherFormat<TData> right) => Rounded((float)left / right);

    public static OtherFormat<TData> operator %(OtherFormat<TData> left, OtherFormat<TData> right) => Rounded((float)left % right);

    public static OtherFormat<TData> operator +(OtherFormat<TData> value) => value;

    public static OtherFormat<TData> operator -(OtherFormat<TData> value) => Rounded(-(float)value);

    public static OtherFormat<TData> operator ++(OtherFormat<TData> value) => Rounded((float)value + 1);

    public static OtherFormat<TData> operator --(OtherFormat<TData> value) => Rounded((float)value - 1);

    public static bool operator ==(OtherFormat<TData> left, OtherFormat<TData> right) => (float)left == right;

    public static bool operator !=(OtherFormat<TData> left, OtherFormat<TData> right) => (float)left != right;

    public static bool operator <(OtherFormat<TData> left, OtherFormat<TData> right) => (float)left < right;

    public static bool operator >(OtherFormat<TData> left, OtherFormat<TData> right) => (float)left > right;

    public static bool operator <=(OtherFormat<TData> left, OtherFormat<TData> right) => (float)left <= right;

    public static bool operator >=(OtherFormat<TData> left, OtherFormat<TData> right) => (float)left >= right;

    public int CompareTo(OtherFormat<TData> other) => ((float)this).CompareTo(other);

    public int CompareTo(object? obj) => obj is null ? 1 : obj is OtherFormat<TData> other ? CompareTo(other) : throw new ArgumentException("another type");

    public bool Equals(OtherFormat<TData> other) => ((float)this).Equals(other);

    public override bool Equals(object? obj) => obj is OtherFormat<TData> other && Equals(other);

    public override int GetHashCode() => ((float)this).GetHashCode();

    public override string ToString() => ToString(null, CultureInfo.InvariantCulture);

    public string ToString(string? format, IFormatProvider? formatProvider) => ((double)(float)this).ToString(format, formatProvider);

    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider) =>
        ((double)(float)this).TryFormat(destination, out charsWritten, format, provider);

    public bool TryFormat(Span<byte> utf8Destination, out int bytesWritten, ReadOnlySpan<char> format, IFormatProvider? provider) =>
        ((double)(float)this).TryFormat(utf8Destination, out bytesWritten, format, provider);
}
