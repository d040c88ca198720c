using System.Runtime.CompilerServices;

namespace Octet.Numerics;

/// <summary>
/// From codes of up to 8 bits to bfloat16, which holds every value of every such format, as two vectors of bytes; float32 is the same
/// with 16 zero bits below. A vector of codes is treated as bytes, four times as many as there are float32 lanes.
/// </summary>
static class WideningKernel<T, TLanes, TVector>
    where T : unmanaged, ISmallFloat<T>
    where TLanes : IByteLanes<TVector>
{
    const int BFloat16Bias = 127;

    // An odd difference of the biases has a bit in the lower byte: added to the code's exponent field instead, it is gone.
    static int Odd
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (BFloat16Bias - T.ExponentBias) & 1;
    }

    // Not where 16 subnormals leave no room, or the one NaN is the code of negative zero.
    static bool AreSpecialsInTable
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => T.NonFinite == NonFiniteValues.AllOnesNaN || (T.NonFinite == NonFiniteValues.Ieee && T.MantissaBits < 4);
    }

    /// <summary>The upper and lower bytes of the bfloat16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Split(TVector code, out TVector low, out TVector high)
    {
        int align = 7 - T.MantissaBits;
        TVector magnitude = TLanes.And(code, TLanes.Create((byte)Code<T>.MagnitudeMask));
        TVector raised = Odd == 0 ? magnitude : TLanes.Add(magnitude, TLanes.Create((byte)(1 << T.MantissaBits)));
        low = TLanes.And(TLanes.ShiftLeft(raised, align), TLanes.Create((byte)(0xFF << align)));
        high = TLanes.Add(
            TLanes.And(TLanes.ShiftRight(raised, 8 - align), TLanes.Create((byte)(0xFF >> (8 - align)))),
            TLanes.Create((byte)((BFloat16Bias - T.ExponentBias - Odd) >> 1)));

        // Codes above the largest number are above 0x7F when their count is added: below all others, as signed bytes. So are subnormals.
        byte above = AreSpecialsInTable ? (byte)(Code<T>.MagnitudeMask - Code<T>.MaxFinite) : (byte)0;
        TVector moved = above == 0 ? magnitude : TLanes.Add(magnitude, TLanes.Create(above));
        TVector exception = TLanes.GreaterThan(TLanes.Create((byte)(Code<T>.MinNormal + above)), moved);
        low = TLanes.Select(exception, TLanes.Look(ExceptionTable<T>.Low, magnitude), low);
        high = TLanes.Select(exception, TLanes.Look(ExceptionTable<T>.High, magnitude), high);
        if (!AreSpecialsInTable)
        {
            Specials(code, magnitude, ref low, ref high);
        }

        int toSign = 7 - T.ExponentBits - T.MantissaBits;
        TVector sign = TLanes.And(code, TLanes.Create((byte)Code<T>.SignMask));
        high = TLanes.Or(high, toSign == 0 ? sign : TLanes.ShiftLeft(sign, toSign));
    }

    /// <summary>NaN becomes the quiet 0x7FC0; infinity, all ones above a zero mantissa, has become less than 0x7F80 in its upper byte.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Specials(TVector code, TVector magnitude, ref TVector low, ref TVector high)
    {
        switch (T.NonFinite)
        {
            case NonFiniteValues.Ieee:
                TVector special = TLanes.GreaterThan(magnitude, TLanes.Create((byte)Code<T>.MaxFinite));
                TVector nan = TLanes.GreaterThan(magnitude, TLanes.Create((byte)Code<T>.Infinity));
                high = TLanes.Or(high, TLanes.And(special, TLanes.Create(0x7F)));
                low = TLanes.Select(special, TLanes.Or(TLanes.Create(0x80), TLanes.And(nan, TLanes.Create(0x40))), low);
                break;
            case NonFiniteValues.NegativeZeroNaN:
                nan = TLanes.Equals(code, TLanes.Create((byte)Code<T>.NaN));
                high = TLanes.Or(high, TLanes.And(nan, TLanes.Create(0x7F)));
                low = TLanes.Or(low, TLanes.And(nan, TLanes.Create(0xC0)));
                break;
        }
    }
}
