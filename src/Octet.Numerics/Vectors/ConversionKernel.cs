using System.Runtime.CompilerServices;

namespace Octet.Numerics;

/// <summary>
/// Conversion between codes and float32, lane by lane, written once for every format and every vector width. A lane is 32 bits: a
/// code in its low bits, or the bits of a float32.
/// </summary>
static class ConversionKernel<T, TLanes, TVector>
    where T : unmanaged, ISmallFloat<T>
    where TLanes : ILanes<TVector>
{
    const int SingleMantissaBits = 23;
    const int SingleBias = 127;
    const uint SingleInfinity = 0x7F80_0000;
    const uint SingleNaN = 0x7FC0_0000;
    const uint SingleOne = 0x3F80_0000;

    /// <summary>Exact. A NaN comes out quiet with its sign; bfloat16's, whose codes are the upper halves of float32, unchanged.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVector Decode(TVector code)
    {
        int align = SingleMantissaBits - T.MantissaBits;
        if (Code<T>.HasSingleExponent)
        {
            return TLanes.ShiftLeft(code, align);
        }

        TVector magnitude = TLanes.And(code, TLanes.Create(Code<T>.MagnitudeMask));
        if (Code<T>.IsUnsigned)
        {
            // 2^-127, code 0, is a subnormal float32; the other codes are float32's exponents.
            TVector power = TLanes.Select(TLanes.Equals(magnitude, TLanes.Create(0)), TLanes.Create(1u << (SingleMantissaBits - 1)), TLanes.ShiftLeft(magnitude, align));
            return TLanes.Select(TLanes.Equals(magnitude, TLanes.Create(Code<T>.NaN)), TLanes.Create(SingleNaN), power);
        }

        TVector sign = TLanes.ShiftLeft(TLanes.And(code, TLanes.Create(Code<T>.SignMask)), 31 - T.ExponentBits - T.MantissaBits);
        TVector aligned = TLanes.ShiftLeft(magnitude, align);

        // A subnormal m * 2^(1 - bias - M) is the mantissa of a number with exponent 1 - bias, less that number's leading one.
        TVector one = TLanes.Create((uint)(SingleBias + 1 - T.ExponentBias) << SingleMantissaBits);
        TVector subnormal = TLanes.SubtractSingles(TLanes.Add(aligned, one), one);
        TVector normal = TLanes.Add(aligned, TLanes.Create((uint)(SingleBias - T.ExponentBias) << SingleMantissaBits));
        TVector value = TLanes.Select(TLanes.GreaterThan(magnitude, TLanes.Create(Code<T>.MantissaMask)), normal, subnormal);

        switch (T.NonFinite)
        {
            case NonFiniteValues.Ieee:
                TVector infinity = TLanes.Create(Code<T>.Infinity);
                value = TLanes.Select(TLanes.Equals(magnitude, infinity), TLanes.Create(SingleInfinity), value);
                value = TLanes.Select(TLanes.GreaterThan(magnitude, infinity), TLanes.Create(SingleNaN), value);
                break;
            case NonFiniteValues.AllOnesNaN:
                value = TLanes.Select(TLanes.Equals(magnitude, TLanes.Create(Code<T>.NaN)), TLanes.Create(SingleNaN), value);
                break;
            case NonFiniteValues.NegativeZeroNaN:
                value = TLanes.Select(TLanes.Equals(code, TLanes.Create(Code<T>.NaN)), TLanes.Create(SingleNaN), value);
                break;
        }

        return TLanes.Or(value, sign);
    }

    /// <summary>Rounds to nearest even, once; equal to <see cref="Code{T}.Round(double, OverflowMode)"/> bit for bit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVector Encode<TRule>(TVector single)
        where TRule : IOverflowRule
    {
        TVector magnitude = TLanes.And(single, TLanes.Create(0x7FFF_FFFF));

        // What is too large is cut to the number whose code stands for it: the largest one, or the one that would follow, whose code is
        // infinity's or NaN's. NaN, whose bits are above infinity's, is cut with it.
        uint beyond = TRule.Mode == OverflowMode.NonSaturating ? Code<T>.Overflow : Code<T>.MaxFinite;
        TVector code = RoundToNearest(TLanes.Min(magnitude, TLanes.Create(Extended(beyond))));
        TVector nan = TLanes.Create(Code<T>.NaN);
        if (TRule.Mode == OverflowMode.SaturateFinite && Code<T>.Overflow != Code<T>.MaxFinite)
        {
            code = TLanes.Select(TLanes.GreaterThan(magnitude, TLanes.Create(SingleInfinity - 1)), TLanes.Create(Code<T>.Overflow), code);
        }

        bool isNaN = TRule.Mode != OverflowMode.Saturate && Code<T>.Overflow == Code<T>.NaN;
        if (!isNaN)
        {
            code = TLanes.Select(TLanes.GreaterThan(magnitude, TLanes.Create(SingleInfinity)), nan, code);
        }

        return Sign(code, single, magnitude, TRule.Mode);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TVector RoundToNearest(TVector magnitude)
    {
        int drop = SingleMantissaBits - T.MantissaBits;
        if (Code<T>.IsUnsigned)
        {
            // All that is kept is the leading one, which is odd: a tie goes up. Not so below 2^-126, where it is a zero (as in ml_dtypes).
            TVector half = TLanes.Create(1u << (SingleMantissaBits - 1));
            TVector small = TLanes.GreaterThan(TLanes.Create(1u << SingleMantissaBits), magnitude);
            return TLanes.ShiftRight(TLanes.Add(TLanes.Add(magnitude, half), small), SingleMantissaBits);
        }

        if (Code<T>.HasSingleExponent)
        {
            // Just under half a unit of the last bit kept, and one more where that bit is odd, carries exactly where rounding is up.
            TVector odd = TLanes.And(TLanes.ShiftRight(magnitude, drop), TLanes.Create(1));
            return TLanes.ShiftRight(TLanes.Add(TLanes.Add(magnitude, TLanes.Create((1u << (drop - 1)) - 1)), odd), drop);
        }

        // Float32 addition rounds: next to a power of two whose last bit is worth a unit of the code, the sum's low bits are the code's, with
        // the leading one; that one is the exponent field's last, so that one less is added. Subnormals have the unit of the smallest normal.
        TVector minNormal = TLanes.Create((uint)(SingleBias + 1 - T.ExponentBias) << SingleMantissaBits);
        TVector exponent = TLanes.Max(TLanes.And(magnitude, TLanes.Create(SingleInfinity)), minNormal);
        TVector anchor = TLanes.Add(exponent, TLanes.Create((uint)drop << SingleMantissaBits));
        TVector kept = TLanes.Subtract(TLanes.AddSingles(magnitude, anchor), anchor);
        return TLanes.Add(kept, TLanes.ShiftRight(TLanes.Subtract(exponent, minNormal), drop));
    }

    // The float32 of a normal number's code, or of the one after the last as if the exponents went on.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint Extended(uint code) =>
        (code << (SingleMantissaBits - T.MantissaBits)) + ((uint)(SingleBias - T.ExponentBias) << SingleMantissaBits);

    /// <summary>Rounds in a direction; equal to <see cref="Code{T}.Round(double, RoundingMode, OverflowMode)"/> bit for bit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVector EncodeDirected(TVector single, RoundingMode rounding, OverflowMode mode)
    {
        TVector magnitude = TLanes.And(single, TLanes.Create(0x7FFF_FFFF));
        TVector code = Truncate(magnitude, out TVector fraction);
        TVector one = TLanes.Create(1);
        TVector inexact = TLanes.And(TLanes.GreaterThan(fraction, TLanes.Create(0)), one);
        TVector negative = TLanes.GreaterThan(TLanes.Create(0), single);
        TVector inward = rounding switch
        {
            RoundingMode.TowardZero => TLanes.Create(uint.MaxValue),
            RoundingMode.TowardPositive => negative,
            RoundingMode.TowardNegative => TLanes.Equals(negative, TLanes.Create(0)),
            _ => TLanes.Create(0),
        };
        code = rounding == RoundingMode.ToOdd ? TLanes.Or(code, inexact) : TLanes.Add(code, TLanes.Select(inward, TLanes.Create(0), inexact));

        TVector max = TLanes.Create(Code<T>.MaxFinite);
        TVector beyond = mode == OverflowMode.NonSaturating ? TLanes.Select(inward, max, TLanes.Create(Code<T>.Overflow)) : max;
        return Finish(TLanes.Select(TLanes.GreaterThan(code, max), beyond, code), single, magnitude, mode);
    }

    /// <summary>Rounds by chance; equal to <see cref="Code{T}.RoundStochastically"/> bit for bit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVector EncodeStochastically(TVector single, TVector random, OverflowMode mode)
    {
        TVector magnitude = TLanes.And(single, TLanes.Create(0x7FFF_FFFF));
        TVector code = Truncate(magnitude, out TVector fraction);

        // Positive floats compare as their bits do.
        TVector one = TLanes.Create(SingleOne);
        TVector chance = TLanes.SubtractSingles(TLanes.Or(TLanes.ShiftRight(random, 32 - SingleMantissaBits), one), one);
        code = TLanes.Add(code, TLanes.And(TLanes.GreaterThan(fraction, chance), TLanes.Create(1)));

        TVector max = TLanes.Create(Code<T>.MaxFinite);
        TVector beyond = mode == OverflowMode.NonSaturating ? TLanes.Create(Code<T>.Overflow) : max;
        return Finish(TLanes.Select(TLanes.GreaterThan(code, max), beyond, code), single, magnitude, mode);
    }

    /// <summary>The code at or below a magnitude, and the fraction of a step that is left, from 0 to below 1, in float32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TVector Truncate(TVector magnitude, out TVector fraction)
    {
        int drop = SingleMantissaBits - T.MantissaBits;
        TVector one = TLanes.Create(SingleOne);
        TVector code = TLanes.Subtract(
            TLanes.ShiftRight(magnitude, drop), TLanes.Create((uint)(SingleBias - T.ExponentBias) << T.MantissaBits));

        // The bits that are dropped, moved up to be the mantissa of a number from 1 to 2.
        TVector rest = TLanes.ShiftLeft(TLanes.And(magnitude, TLanes.Create((1u << drop) - 1)), T.MantissaBits);
        fraction = TLanes.SubtractSingles(TLanes.Or(rest, one), one);
        if (Code<T>.HasSingleExponent)
        {
            return code;
        }

        // As in Encode, but stepping back where the sum was rounded up. Both differences are exact.
        TVector anchor = TLanes.Create((uint)(SingleBias + 1 - T.ExponentBias + drop) << SingleMantissaBits);
        TVector sum = TLanes.AddSingles(magnitude, anchor);
        TVector up = TLanes.And(TLanes.GreaterThan(TLanes.SubtractSingles(sum, anchor), magnitude), TLanes.Create(1));
        TVector below = TLanes.Subtract(sum, up);
        TVector left = TLanes.SubtractSingles(magnitude, TLanes.SubtractSingles(below, anchor));
        TVector minNormal = TLanes.Create((uint)(SingleBias + 1 - T.ExponentBias) << SingleMantissaBits);
        TVector subnormal = TLanes.GreaterThan(minNormal, magnitude);
        TVector steps = TLanes.Create((uint)(SingleBias + T.ExponentBias - 1 + T.MantissaBits) << SingleMantissaBits);
        fraction = TLanes.Select(subnormal, TLanes.MultiplySingles(left, steps), fraction);
        return TLanes.Select(subnormal, TLanes.Subtract(below, anchor), code);
    }

    // Infinities, NaN and the sign, after a code was chosen that knew nothing of them.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TVector Finish(TVector code, TVector single, TVector magnitude, OverflowMode mode)
    {
        TVector infinity = TLanes.Create(SingleInfinity);
        if (mode != OverflowMode.Saturate)
        {
            code = TLanes.Select(TLanes.Equals(magnitude, infinity), TLanes.Create(Code<T>.Overflow), code);
        }

        code = TLanes.Select(TLanes.GreaterThan(magnitude, infinity), TLanes.Create(Code<T>.NaN), code);
        return Sign(code, single, magnitude, mode);
    }

    // An unsigned format has no code for zero and what is below; nothing there is NaN but NaN.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TVector Sign(TVector code, TVector single, TVector magnitude, OverflowMode mode)
    {
        if (Code<T>.IsUnsigned)
        {
            TVector nan = TLanes.Create(Code<T>.NaN);
            TVector infinity = TLanes.Create(SingleInfinity);
            TVector low = mode switch
            {
                OverflowMode.NonSaturating => nan,
                OverflowMode.SaturateFinite => TLanes.Select(TLanes.Equals(magnitude, infinity), nan, TLanes.Create(0)),
                _ => TLanes.Create(0),
            };
            code = TLanes.Select(TLanes.GreaterThan(TLanes.Create(1), single), low, code);
            return TLanes.Select(TLanes.GreaterThan(magnitude, infinity), nan, code);
        }

        TVector sign = TLanes.ShiftRight(TLanes.And(single, TLanes.Create(0x8000_0000)), 31 - T.ExponentBits - T.MantissaBits);
        if (T.NonFinite == NonFiniteValues.NegativeZeroNaN)
        {
            // Neither zero nor NaN, whose code is the sign bit, has a sign.
            TVector unsigned = TLanes.Equals(TLanes.And(code, TLanes.Create(Code<T>.MagnitudeMask)), TLanes.Create(0));
            sign = TLanes.Select(unsigned, TLanes.Create(0), sign);
        }

        return TLanes.Or(code, sign);
    }
}
