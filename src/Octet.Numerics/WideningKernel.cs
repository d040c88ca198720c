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

        TVector subnormal = TLanes.GreaterThan(TLanes.Create((byte)Code<T>.MinNormal), magnitude);
        low = TLanes.Select(subnormal, TLanes.Look(SubnormalTable<T>.Low, magnitude), low);
        high = TLanes.Select(subnormal, TLanes.Look(SubnormalTable<T>.High, magnitude), high);

        // NaN becomes the quiet 0x7FC0; the code of infinity, all ones above a zero mantissa, has become 0x7F80 or less in its upper byte.
        switch (T.NonFinite)
        {
            case NonFiniteValues.Ieee:
                TVector special = TLanes.GreaterThan(magnitude, TLanes.Create((byte)Code<T>.MaxFinite));
                TVector nan = TLanes.GreaterThan(magnitude, TLanes.Create((byte)Code<T>.Infinity));
                high = TLanes.Or(high, TLanes.And(special, TLanes.Create(0x7F)));
                low = TLanes.Select(special, TLanes.Or(TLanes.Create(0x80), TLanes.And(nan, TLanes.Create(0x40))), low);
                break;
            case NonFiniteValues.AllOnesNaN:
                nan = TLanes.Equals(magnitude, TLanes.Create((byte)Code<T>.NaN));
                high = TLanes.Or(high, TLanes.And(nan, TLanes.Create(0x7F)));
                low = TLanes.Select(nan, TLanes.Create(0xC0), low);
                break;
            case NonFiniteValues.NegativeZeroNaN:
                nan = TLanes.Equals(code, TLanes.Create((byte)Code<T>.NaN));
                high = TLanes.Or(high, TLanes.And(nan, TLanes.Create(0x7F)));
                low = TLanes.Or(low, TLanes.And(nan, TLanes.Create(0xC0)));
                break;
        }

        int toSign = 7 - T.ExponentBits - T.MantissaBits;
        TVector sign = TLanes.And(code, TLanes.Create((byte)Code<T>.SignMask));
        high = TLanes.Or(high, toSign == 0 ? sign : TLanes.ShiftLeft(sign, toSign));
    }
}
