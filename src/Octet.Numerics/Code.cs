using System.Runtime.CompilerServices;

namespace Octet.Numerics;

/// <summary>The codes of a format and the way between code and value. All of it folds to constants and straight code for a given format.</summary>
static class Code<T>
    where T : unmanaged, ISmallFloat<T>
{
    internal static uint SignMask
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 1u << (T.ExponentBits + T.MantissaBits);
    }

    internal static uint MagnitudeMask
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => SignMask - 1;
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
            NonFiniteValues.AllOnesNaN => MagnitudeMask - 1,
            _ => MagnitudeMask,
        };
    }

    /// <summary>The positive quiet NaN that conversions give; without any NaN, negative zero as in ml_dtypes.</summary>
    internal static uint NaN
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => T.NonFinite switch
        {
            NonFiniteValues.Ieee => Infinity | (1u << (T.MantissaBits - 1)),
            NonFiniteValues.AllOnesNaN => MagnitudeMask,
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
        NonFiniteValues.AllOnesNaN => (code & MagnitudeMask) == MagnitudeMask,
        NonFiniteValues.NegativeZeroNaN => code == SignMask,
        _ => false,
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float ToSingle(T value) =>
        BitConverter.UInt32BitsToSingle(ConversionKernel<T, Lane, uint>.Decode(Of(value)));

    /// <summary>
    /// The nearest code, ties to the even one: the one rounding that every scalar conversion ends in. The exponent is taken as
    /// unbounded while rounding, so that a carry out of the largest value is seen as overflow.
    /// </summary>
    internal static T Round(double value, OverflowMode mode = OverflowMode.NonSaturating)
    {
        const int FractionBits = 52;
        ulong bits = BitConverter.DoubleToUInt64Bits(value);
        uint sign = (uint)(bits >> 63) << (T.ExponentBits + T.MantissaBits);
        if (!double.IsFinite(value))
        {
            return double.IsNaN(value) ? At(NaN | sign) : At(Signed(mode == OverflowMode.Saturate ? MaxFinite : Overflow, sign));
        }

        // A float64 subnormal keeps an implicit one that it does not have: far below half of every format's smallest value either way.
        int exponent = (int)(bits >> FractionBits & 0x7FF) - 1023;
        ulong significand = (bits & ((1ul << FractionBits) - 1)) | (1ul << FractionBits);

        // The exponent field, at least that of the subnormals, and how many bits lie below the last one kept.
        int field = Math.Max(exponent + T.ExponentBias, 1);
        int dropped = FractionBits - T.MantissaBits + field - T.ExponentBias - exponent;
        if (dropped > FractionBits + 1)
        {
            return At(Signed(0, sign));
        }

        ulong kept = significand >> dropped;
        ulong rest = significand - (kept << dropped);
        ulong half = 1ul << (dropped - 1);
        if (rest > half || (rest == half && (kept & 1) != 0))
        {
            kept++;
        }

        // The leading one of a normal number adds one to the field; so does a carry.
        long code = ((long)(field - 1) << T.MantissaBits) + (long)kept;
        return At(Signed(
            code <= MaxFinite ? (uint)code : mode == OverflowMode.NonSaturating ? Overflow : MaxFinite,
            sign));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint Signed(uint magnitude, uint sign) =>
        T.NonFinite == NonFiniteValues.NegativeZeroNaN && (magnitude & MagnitudeMask) == 0 ? magnitude : magnitude | sign;
}
