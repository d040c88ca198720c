using System;
using System.Globalization;
using Microsoft.CodeAnalysis;

namespace Octet.Numerics.Generator;

/// <summary>The data of a format, read from the attribute of its type, and the sentences about it that follow from the data.</summary>
readonly struct Format : IEquatable<Format>
{
    // In the order of NonFiniteValues.
    const int Ieee = 0;
    const int AllOnesNaN = 1;
    const int NegativeZeroNaN = 2;
    const int None = 3;
    const int Unsigned = 4;

    Format(string type, string nonFiniteName, int nonFinite, int exponentBits, int mantissaBits, int exponentBias)
    {
        (Type, NonFiniteName, _nonFinite) = (type, nonFiniteName, nonFinite);
        (ExponentBits, MantissaBits, ExponentBias) = (exponentBits, mantissaBits, exponentBias);
    }

    readonly int _nonFinite;

    internal string Type { get; }

    internal string NonFiniteName { get; }

    internal int ExponentBits { get; }

    internal int MantissaBits { get; }

    internal int ExponentBias { get; }

    internal int Width => ExponentBits + MantissaBits + (_nonFinite == Unsigned ? 0 : 1);

    /// <summary>The code is held in the low bits of this.</summary>
    internal string Storage => Width <= 8 ? "byte" : "ushort";

    internal string CodeMask => "0x" + ((1 << Width) - 1).ToString("X", CultureInfo.InvariantCulture);

    internal bool FillsStorage => Width is 8 or 16;

    /// <summary>What a cast makes of a value that the format does not reach: the default beside every operator.</summary>
    internal string Overflow
    {
        get
        {
            int magnitudes = 1 << (ExponentBits + MantissaBits);
            int max = _nonFinite switch
            {
                Ieee => magnitudes - (1 << MantissaBits) - 1,
                AllOnesNaN or Unsigned => magnitudes - 2,
                _ => magnitudes - 1,
            };

            // The end of the range is halfway to the number that would follow; a tie goes to the even code.
            double tie = (Magnitude(max) + Magnitude(max + 1)) / 2;
            string beyond = (max % 2 == 0 && MantissaBits > 0 ? "Beyond " : "From ") + tie.ToString("R", CultureInfo.InvariantCulture);
            return _nonFinite switch
            {
                Ieee => $"{beyond} in magnitude the result is infinity.",
                AllOnesNaN => $"{beyond} in magnitude, and for infinities, the result is NaN with the sign of the value.",
                NegativeZeroNaN => $"{beyond} in magnitude, and for infinities, the result is NaN.",
                None => $"Beyond {Magnitude(max).ToString("R", CultureInfo.InvariantCulture)} in magnitude the result is the largest value; NaN, which the format lacks, gives negative zero, as in ml_dtypes.",
                _ => $"{beyond}, for zero, and for what is negative or infinite, the result is NaN; a tie goes up, and from 2^-127 to 2^-126 everything does, as in ml_dtypes.",
            };
        }
    }

    internal static Format Read(GeneratorAttributeSyntaxContext context)
    {
        AttributeData attribute = context.Attributes[0];
        TypedConstant nonFinite = attribute.ConstructorArguments[3];
        return new Format(
            context.TargetSymbol.Name,
            nonFinite.Type!.GetMembers()[(int)nonFinite.Value!].Name,
            (int)nonFinite.Value,
            (int)attribute.ConstructorArguments[0].Value!,
            (int)attribute.ConstructorArguments[1].Value!,
            (int)attribute.ConstructorArguments[2].Value!);
    }

    public bool Equals(Format other) =>
        (Type, NonFiniteName, ExponentBits, MantissaBits, ExponentBias) ==
        (other.Type, other.NonFiniteName, other.ExponentBits, other.MantissaBits, other.ExponentBias);

    public override bool Equals(object? obj) => obj is Format other && Equals(other);

    public override int GetHashCode() => (Type, NonFiniteName, ExponentBits, MantissaBits, ExponentBias).GetHashCode();

    double Magnitude(int code)
    {
        int field = code >> MantissaBits;
        int mantissa = code & ((1 << MantissaBits) - 1);
        bool subnormal = field == 0 && _nonFinite != Unsigned;
        return (mantissa + (subnormal ? 0 : 1 << MantissaBits)) * Math.Pow(2, (subnormal ? 1 : field) - ExponentBias - MantissaBits);
    }
}
