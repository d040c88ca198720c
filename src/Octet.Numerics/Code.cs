using System.Runtime.CompilerServices;

namespace Octet.Numerics;

/// <summary>The codes of a format and the way between code and value. All of it folds to constants and straight code for a given format.</summary>
static class Code<T>
    where T : unmanaged, ISmallFloat<T>
{
    internal static uint SignMask
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => IsUnsigned ? 0 : 1u << (T.ExponentBits + T.MantissaBits);
    }

    internal static uint MagnitudeMask
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (1u << (T.ExponentBits + T.MantissaBits)) - 1;
    }

    internal static uint MantissaMask
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (1u << T.MantissaBits) - 1;
    }

    /// <summary>The exponent field all ones: infinity where the format has one.</summary>
    internal static uint Infinity
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => MagnitudeMask & ~MantissaMask;
    }

    /// <summary>The largest finite magnitude.</summary>
    internal static uint MaxFinite
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => T.NonFinite switch
        {
            NonFiniteValues.Ieee => Infinity - 1,
            NonFiniteValues.AllOnesNaN or NonFiniteValues.UnsignedAllOnesNaN => MagnitudeMask - 1,
            _ => MagnitudeMask,
        };
    }

    /// <summary>The smallest magnitude that has its leading one.</summary>
    internal static uint MinNormal
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => IsUnsigned ? 0 : MantissaMask + 1;
    }

    /// <summary>The positive quiet NaN that conversions give; without any NaN, negative zero as in ml_dtypes.</summary>
    internal static uint NaN
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => T.NonFinite switch
        {
            NonFiniteValues.Ieee => Infinity | (1u << (T.MantissaBits - 1)),
            NonFiniteValues.AllOnesNaN or NonFiniteValues.UnsignedAllOnesNaN => MagnitudeMask,
            _ => SignMask,
        };
    }

    /// <summary>The magnitude that stands for a value beyond every finite one; a NaN where there is no infinity.</summary>
    internal static uint Overflow
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => T.NonFinite switch
        {
            NonFiniteValues.Ieee => Infinity,
            NonFiniteValues.None => MaxFinite,
            _ => NaN,
        };
    }

    internal static bool HasInfinity => T.NonFinite == NonFiniteValues.Ieee;

    internal static bool HasNaN => T.NonFinite != NonFiniteValues.None;

    /// <summary>No sign, no zero, no subnormals.</summary>
    internal static bool IsUnsigned
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => T.NonFinite == NonFiniteValues.UnsignedAllOnesNaN;
    }

    /// <summary>float32's exponent field: the code is the upper part of a float32 and no value needs to be rescaled.</summary>
    internal static bool HasSingleExponent
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => T.ExponentBits == 8 && T.ExponentBias == 127 && T.NonFinite == NonFiniteValues.Ieee;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint Of(T value) => Unsafe.SizeOf<T>() == 1 ? Unsafe.BitCast<T, byte>(value) : Unsafe.BitCast<T, ushort>(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static T At(uint code) =>
        Unsafe.SizeOf<T>() == 1 ? Unsafe.BitCast<byte, T>((byte)code) : Unsafe.BitCast<ushort, T>((ushort)code);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsNaN(uint code) => T.NonFinite switch
    {
        NonFiniteValues.Ieee => (code & MagnitudeMask) > Infinity,
        NonFiniteValues.AllOnesNaN or NonFiniteValues.UnsignedAllOnesNaN => (code & MagnitudeMask) == MagnitudeMask,
        NonFiniteValues.NegativeZeroNaN => code == SignMask,
        _ => false,
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float ToSingle(T value) =>
        BitConverter.UInt32BitsToSingle(ConversionKernel<T, Lane, uint>.Decode(Of(value)));

    /// <summary>The value with its sign turned; zero and NaN, where they have no sign, stay. NaN where no number has one.</summary>
    internal static T Negate(T value) => T.NonFinite switch
    {
        NonFiniteValues.UnsignedAllOnesNaN => At(NaN),
        NonFiniteValues.NegativeZeroNaN when (Of(value) & MagnitudeMask) == 0 => value,
        _ => At(Of(value) ^ SignMask),
    };

    /// <summary>The one rounding that every scalar conversion ends in: the nearest code, ties to the even one.</summary>
    internal static T Round(double value, OverflowMode mode = OverflowMode.NonSaturating) => Round(value, RoundingMode.ToNearestEven, mode);

    /// <summary>Rounds as asked. The exponent is taken as unbounded while rounding, so that a carry out of the largest value is seen as overflow.</summary>
    internal static T Round(double value, RoundingMode rounding, OverflowMode mode)
    {
        DefinedMode.Require(rounding);
        DefinedMode.Require(mode);
        if (!double.IsFinite(value) || (IsUnsigned && value <= 0))
        {
            return WithoutMagnitude(value, mode);
        }

        Magnitude magnitude = Magnitude.Split(value, nearest: rounding == RoundingMode.ToNearestEven);
        bool away = rounding switch
        {
            RoundingMode.ToNearestEven => magnitude.Rest > magnitude.Half || (magnitude.Rest == magnitude.Half && (magnitude.Kept & 1) != 0),
            RoundingMode.TowardZero => false,
            RoundingMode.TowardPositive => magnitude.Rest != 0 && !double.IsNegative(value),
            RoundingMode.TowardNegative => magnitude.Rest != 0 && double.IsNegative(value),
            _ => magnitude.Rest != 0 && (magnitude.Code & 1) == 0,
        };
        bool inward = rounding == RoundingMode.TowardZero
            || rounding == (double.IsNegative(value) ? RoundingMode.TowardPositive : RoundingMode.TowardNegative);
        return Finish(value, magnitude.Code + (away ? 1 : 0), inward ? OverflowMode.SaturateFinite : mode);
    }

    /// <summary>Away from zero where the upper 23 random bits, as a fraction of one, are less than the fraction of a step that the value lies beyond the code below it.</summary>
    internal static T RoundStochastically(double value, uint random, OverflowMode mode)
    {
        DefinedMode.Require(mode);
        if (!double.IsFinite(value) || (IsUnsigned && value <= 0))
        {
            return WithoutMagnitude(value, mode);
        }

        Magnitude magnitude = Magnitude.Split(value, nearest: false);
        bool away = Math.ScaleB(random >> 9, -23) < magnitude.Fraction;
        return Finish(value, magnitude.Code + (away ? 1 : 0), mode);
    }

    static T Finish(double value, long code, OverflowMode mode) => At(Signed(
        code <= MaxFinite ? (uint)code : mode == OverflowMode.NonSaturating ? Overflow : MaxFinite,
        Sign(value)));

    // Infinities and NaN, and to an unsigned format zero and what is below.
    static T WithoutMagnitude(double value, OverflowMode mode)
    {
        if (double.IsNaN(value))
        {
            return At(NaN | Sign(value));
        }

        if (IsUnsigned && value <= 0)
        {
            return At(mode == OverflowMode.Saturate || (mode == OverflowMode.SaturateFinite && double.IsFinite(value)) ? 0 : NaN);
        }

        return At(Signed(mode == OverflowMode.Saturate ? MaxFinite : Overflow, Sign(value)));
    }

    static uint Sign(double value) => double.IsNegative(value) ? SignMask : 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint Signed(uint magnitude, uint sign) =>
        T.NonFinite == NonFiniteValues.NegativeZeroNaN && (magnitude & MagnitudeMask) == 0 ? magnitude : magnitude | sign;

    /// <summary>A positive number cut after the last bit that the format keeps.</summary>
    /// <param name="Code">The code below it, or its own; beyond the largest as if the exponent went on.</param>
    /// <param name="Kept">The significand's bits that are kept, with the leading one.</param>
    /// <param name="Rest">Those that are not, in units of 2^-<paramref name="Dropped"/> of a step.</param>
    /// <param name="Dropped">How many those are, from 1 to 62.</param>
    readonly record struct Magnitude(long Code, ulong Kept, ulong Rest, int Dropped)
    {
        const int FractionBits = 52;

        // A number with more bits below is treated as one with a single bit there: less than half a step all the same.
        const int MaxDropped = 62;

        internal ulong Half => 1ul << (Dropped - 1);

        internal double Fraction => Math.ScaleB(Rest, -Dropped);

        /// <param name="value">Finite; above zero if the format is unsigned.</param>
        /// <param name="nearest">
        /// An unsigned format has no numbers below 2^-bias. ml_dtypes rounds to nearest as if it had a zero there, in place of that number;
        /// every other rounding takes the format as it is.
        /// </param>
        internal static Magnitude Split(double value, bool nearest)
        {
            ulong bits = BitConverter.DoubleToUInt64Bits(value) & long.MaxValue;
            if (bits == 0)
            {
                return new Magnitude(0, 0, 0, 1);
            }

            // A float64 subnormal keeps an implicit one that it does not have: far below half of every format's smallest value either way.
            int exponent = (int)(bits >> FractionBits) - 1023;
            ulong significand = (bits & ((1ul << FractionBits) - 1)) | (1ul << FractionBits);

            if (IsUnsigned && !nearest)
            {
                return exponent < -T.ExponentBias
                    ? new Magnitude(0, 1, 0, 1)
                    : new Magnitude(exponent + T.ExponentBias, 1, significand - (1ul << FractionBits), FractionBits);
            }

            // The exponent field, at least that of the subnormals, and how many bits lie below the last one kept.
            int field = Math.Max(exponent + T.ExponentBias, 1);
            int dropped = FractionBits - T.MantissaBits + field - T.ExponentBias - exponent;
            if (dropped > MaxDropped)
            {
                return new Magnitude(0, 0, 1, MaxDropped);
            }

            // The leading one of a normal number adds one to the field.
            ulong kept = significand >> dropped;
            return new Magnitude(((long)(field - 1) << T.MantissaBits) + (long)kept, kept, significand - (kept << dropped), dropped);
        }
    }
}
