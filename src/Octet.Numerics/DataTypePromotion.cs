#pragma warning disable CA1000 // The analyzer takes an extension block for a generic type.

namespace Octet.Numerics;

/// <summary>The type that holds what two types hold: that of the result where elements of both meet.</summary>
public static class DataTypePromotion
{
    extension(DataType)
    {
        /// <summary>
        /// The type in which elements of two types meet; the same whichever comes first. The table is in docs/numerics.md.
        /// <list type="number">
        /// <item>A type with itself is itself.</item>
        /// <item>
        /// Two floating-point types that differ take the narrowest of BFloat16, Float16, Float32 and Float64 that holds every finite value of both. Where both
        /// 16-bit types do, as for any two of up to 8 bits but E8M0FNU, it is BFloat16: sums and products of FP8 leave the range of Float16 (448 * 448 = 200704).
        /// </item>
        /// <item>
        /// An integer or boolean type with a floating-point type of 16 bits or more takes that, as in PyTorch and JAX, and with a
        /// narrower one BFloat16, never 8 bits. Integers beyond 2^8 (BFloat16), 2^11 (Float16), 2^24 (Float32) are rounded.
        /// </item>
        /// <item>Two integer types take the narrowest that holds both, as in PyTorch and NumPy; UInt64 with a signed one, which none holds, Float64 as in NumPy.</item>
        /// <item>Boolean with any other type takes that, but for rule 3.</item>
        /// <item>Complex64 with any other takes Complex64, the only complex type: Float64 is rounded to it.</item>
        /// </list>
        /// </summary>
        /// <remarks>
        /// Promotion of three types is independent of the order but for two kinds: types of up to 8 bits with Float16 and another type (E4M3FN
        /// and E5M2 make BFloat16, and with Float16 then Float32; each alone makes Float16), and UInt64, a signed integer and a floating-point type.
        /// </remarks>
        /// <exception cref="ArgumentOutOfRangeException">A value is not one of the enumeration.</exception>
        public static DataType Promote(DataType left, DataType right)
        {
            Kind leftKind = KindOf(left);
            Kind rightKind = KindOf(right);
            if (left == right)
            {
                return left;
            }

            if (leftKind > rightKind)
            {
                return Promote(right, left);
            }

            return rightKind switch
            {
                Kind.Complex => DataType.Complex64,
                Kind.Float => leftKind == Kind.Float ? Wider(left, right) : right.BitSize() < 16 ? DataType.BFloat16 : right,
                _ => leftKind == Kind.Boolean ? right : Integer(left, right),
            };
        }
    }

    // In the order in which one gives way to another.
    enum Kind
    {
        Boolean,
        Unsigned,
        Signed,
        Float,
        Complex,
    }

    static Kind KindOf(DataType type) => type switch
    {
        DataType.Bool => Kind.Boolean,
        DataType.UInt8 or DataType.UInt16 or DataType.UInt32 or DataType.UInt64 => Kind.Unsigned,
        DataType.Int8 or DataType.Int16 or DataType.Int32 or DataType.Int64 => Kind.Signed,
        DataType.Complex64 => Kind.Complex,
        _ when type.IsFloatingPoint() => Kind.Float,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not a data type"),
    };

    static DataType Wider(DataType left, DataType right)
    {
        Extent both = Extent.Of(left).With(Extent.Of(right));
        DataType[] candidates = [DataType.BFloat16, DataType.Float16, DataType.Float32];
        foreach (DataType candidate in candidates)
        {
            if (Extent.Of(candidate).With(both) == Extent.Of(candidate))
            {
                return candidate;
            }
        }

        return DataType.Float64;
    }

    // The first is unsigned if one is: kinds are in order.
    static DataType Integer(DataType left, DataType right)
    {
        bool mixed = KindOf(left) != KindOf(right);
        int bits = Math.Max(left.BitSize() * (mixed ? 2 : 1), right.BitSize());
        return (KindOf(right), bits) switch
        {
            (Kind.Unsigned, 16) => DataType.UInt16,
            (Kind.Unsigned, 32) => DataType.UInt32,
            (Kind.Unsigned, 64) => DataType.UInt64,
            (_, 16) => DataType.Int16,
            (_, 32) => DataType.Int32,
            (_, 64) => DataType.Int64,
            _ => DataType.Float64,
        };
    }

    /// <summary>What decides whether one format holds another: the significant bits, the exponent of the largest finite value, and that of the smallest above zero.</summary>
    readonly record struct Extent(int Precision, int MaxExponent, int MinExponent)
    {
        internal Extent With(Extent other) => new(
            Math.Max(Precision, other.Precision), Math.Max(MaxExponent, other.MaxExponent), Math.Min(MinExponent, other.MinExponent));

        internal static Extent Of(DataType type) => type switch
        {
            DataType.Float4E2M1FN => Of<Float4E2M1FN>(),
            DataType.Float6E2M3FN => Of<Float6E2M3FN>(),
            DataType.Float6E3M2FN => Of<Float6E3M2FN>(),
            DataType.Float8E5M2 => Of<Float8E5M2>(),
            DataType.Float8E4M3FN => Of<Float8E4M3FN>(),
            DataType.Float8E8M0FNU => Of<Float8E8M0FNU>(),
            DataType.Float8E4M3FNUZ => Of<Float8E4M3FNUZ>(),
            DataType.Float8E5M2FNUZ => Of<Float8E5M2FNUZ>(),
            DataType.Float8E4M3 => Of<Float8E4M3>(),
            DataType.Float8E3M4 => Of<Float8E3M4>(),
            DataType.Float8E4M3B11FNUZ => Of<Float8E4M3B11FNUZ>(),
            DataType.BFloat16 => Of<BFloat16>(),
            DataType.Float16 => new Extent(11, 15, -24),
            DataType.Float32 => new Extent(24, 127, -149),
            _ => new Extent(53, 1023, -1074),
        };

        static Extent Of<T>()
            where T : unmanaged, ISmallFloat<T>
        {
            // The smallest number of an unsigned format is its first.
            T smallest = Code<T>.IsUnsigned ? T.MinValue : T.Epsilon;
            return new Extent(T.MantissaBits + 1, Math.ILogB(Code<T>.ToSingle(T.MaxValue)), Math.ILogB(Code<T>.ToSingle(smallest)));
        }
    }
}
