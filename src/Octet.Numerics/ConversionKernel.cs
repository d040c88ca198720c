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

    /// <summary>Rounds to nearest even, once; equal to <see cref="Code{T}.Round"/> bit for bit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVector Encode(TVector single, OverflowMode mode)
    {
        int drop = SingleMantissaBits - T.MantissaBits;
        TVector magnitude = TLanes.And(single, TLanes.Create(0x7FFF_FFFF));
        TVector sign = TLanes.ShiftRight(TLanes.And(single, TLanes.Create(0x8000_0000)), 31 - T.ExponentBits - T.MantissaBits);

        // Adding just under half a unit of the last bit kept, and one more where that bit is odd, carries exactly where rounding is up.
        TVector odd = TLanes.And(TLanes.ShiftRight(magnitude, drop), TLanes.Create(1));
        TVector carried = TLanes.Add(TLanes.Add(magnitude, TLanes.Create((1u << (drop - 1)) - 1)), odd);
        TVector code = TLanes.Subtract(
            TLanes.ShiftRight(carried, drop), TLanes.Create((uint)(SingleBias - T.ExponentBias) << T.MantissaBits));

        if (!Code<T>.HasSingleExponent)
        {
            // Below the normal range float32 addition rounds: next to a number whose last bit is worth 2^(1 - bias - M), the sum's
            // low bits are the code.
            TVector anchor = TLanes.Create((uint)(SingleBias + 1 - T.ExponentBias + drop) << SingleMantissaBits);
            TVector subnormal = TLanes.Subtract(TLanes.AddSingles(magnitude, anchor), anchor);
            TVector minNormal = TLanes.Create((uint)(SingleBias + 1 - T.ExponentBias) << SingleMantissaBits);
            code = TLanes.Select(TLanes.GreaterThan(minNormal, magnitude), subnormal, code);
        }

        TVector infinity = TLanes.Create(SingleInfinity);
        TVector max = TLanes.Create(Code<T>.MaxFinite);
        code = TLanes.Select(
            TLanes.GreaterThan(code, max), mode == OverflowMode.NonSaturating ? TLanes.Create(Code<T>.Overflow) : max, code);
        if (mode == OverflowMode.SaturateFinite)
        {
            code = TLanes.Select(TLanes.Equals(magnitude, infinity), TLanes.Create(Code<T>.Overflow), code);
        }

        code = TLanes.Select(TLanes.GreaterThan(magnitude, infinity), TLanes.Create(Code<T>.NaN), code);
        if (T.NonFinite == NonFiniteValues.NegativeZeroNaN)
        {
            // Neither zero nor NaN, whose code is the sign bit, has a sign.
            TVector unsigned = TLanes.Equals(TLanes.And(code, TLanes.Create(Code<T>.MagnitudeMask)), TLanes.Create(0));
            sign = TLanes.Select(unsigned, TLanes.Create(0), sign);
        }

        return TLanes.Or(code, sign);
    }
}
