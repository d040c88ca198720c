namespace PtxEmulator;

/// <summary>From float32 bits to narrower formats, to nearest even, in integers.</summary>
static class Narrowing
{
    public static uint ToF16(uint bits)
    {
        float value = BitConverter.UInt32BitsToSingle(bits);
        return float.IsNaN(value) ? FloatBits.NaN16 : BitConverter.HalfToUInt16Bits((Half)value);
    }

    public static uint ToBF16(uint bits) =>
        (bits & 0x7fffffff) > 0x7f800000 ? FloatBits.NaN16 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;

    /// <summary>To an 8-bit format; what is beyond the largest finite number becomes it.</summary>
    public static uint ToSmall(uint bits, int mantissaBits, int bias, uint largestCode)
    {
        uint sign = bits >> 24 & 0x80;
        uint magnitude = bits & 0x7fffffff;
        if (magnitude > 0x7f800000)
        {
            return 0x7f;
        }

        int cut = 23 - mantissaBits;
        if (magnitude >> 23 < 127 - (uint)bias + 1)
        {
            // Subnormal in the target: a multiple of its smallest number, at most the smallest normal one.
            double quantum = Math.ScaleB(1, 1 - bias - mantissaBits);
            return sign | (uint)Math.Round(BitConverter.UInt32BitsToSingle(magnitude) / quantum, MidpointRounding.ToEven);
        }

        uint rounded = magnitude + ((1u << (cut - 1)) - 1) + (magnitude >> cut & 1);
        uint code = (rounded >> cut) - ((127 - (uint)bias) << mantissaBits);
        return sign | Math.Min(code, largestCode);
    }
}
