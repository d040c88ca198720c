namespace PtxEmulator;

/// <summary>The formats of PTX's floats: bits to doubles, which hold all of them exactly, and back with one rounding.</summary>
static class FloatBits
{
    public const uint NaN32 = 0x7fffffff;
    public const uint NaN16 = 0x7fff;

    /// <summary>The values of the E4M3 codes.</summary>
    public static readonly float[] E4M3 = [.. Enumerable.Range(0, 256).Select(code => (float)Small((uint)code, mantissaBits: 3, bias: 7, hasInfinity: false))];

    /// <summary>The values of the E5M2 codes.</summary>
    public static readonly float[] E5M2 = [.. Enumerable.Range(0, 256).Select(code => (float)Small((uint)code, mantissaBits: 2, bias: 15, hasInfinity: true))];

    public static double FromF16(uint bits) => (double)BitConverter.UInt16BitsToHalf((ushort)bits);

    public static double FromBF16(uint bits) => BitConverter.UInt32BitsToSingle(bits << 16);

    public static double FromF32(uint bits) => BitConverter.UInt32BitsToSingle(bits);

    public static uint ToF32(double value, Rounding rounding)
    {
        double rounded = Exact.Round(value, 23, -126, rounding);
        if (double.IsNaN(rounded))
        {
            return NaN32;
        }

        return BitConverter.SingleToUInt32Bits((float)Bound(rounded, float.MaxValue, rounding));
    }

    public static uint ToF16(double value, Rounding rounding)
    {
        double rounded = Exact.Round(value, 10, -14, rounding);
        return double.IsNaN(rounded) ? NaN16 : BitConverter.HalfToUInt16Bits((Half)Bound(rounded, 65504, rounding));
    }

    public static uint ToBF16(double value, Rounding rounding)
    {
        const double Largest = 3.3895313892515355e38;
        double rounded = Exact.Round(value, 7, -126, rounding);
        return double.IsNaN(rounded) ? NaN16 : BitConverter.SingleToUInt32Bits((float)Bound(rounded, Largest, rounding)) >> 16;
    }

    /// <summary>A float32 whose low 13 bits are zero.</summary>
    public static uint ToTF32(double value, Rounding rounding)
    {
        double rounded = Exact.Round(value, 10, -126, rounding);
        return double.IsNaN(rounded) ? NaN32 : BitConverter.SingleToUInt32Bits((float)Bound(rounded, Math.ScaleB(2 - Math.ScaleB(1, -10), 127), rounding));
    }

    /// <summary>To nearest even, and the largest finite number where it would be beyond (<c>.satfinite</c>).</summary>
    public static uint ToE4M3(double value) => ToSmall(value, mantissaBits: 3, bias: 7, largest: 448);

    /// <inheritdoc cref="ToE4M3"/>
    public static uint ToE5M2(double value) => ToSmall(value, mantissaBits: 2, bias: 15, largest: 57344);

    static double Bound(double value, double largest, Rounding rounding)
    {
        if (Math.Abs(value) <= largest || double.IsInfinity(value))
        {
            return value;
        }

        return Exact.OverflowsToInfinity(value, rounding) ? Math.CopySign(double.PositiveInfinity, value) : Math.CopySign(largest, value);
    }

    static double Small(uint code, int mantissaBits, int bias, bool hasInfinity)
    {
        uint magnitude = code & 0x7f;
        uint mantissa = magnitude & ((1u << mantissaBits) - 1);
        int exponent = (int)(magnitude >> mantissaBits);
        int top = (1 << (7 - mantissaBits)) - 1;
        double value = exponent == 0 ? Math.ScaleB(mantissa, 1 - bias - mantissaBits) : Math.ScaleB(mantissa + (1u << mantissaBits), exponent - bias - mantissaBits);
        if (hasInfinity && exponent == top)
        {
            value = mantissa == 0 ? double.PositiveInfinity : double.NaN;
        }
        else if (magnitude == 0x7f)
        {
            value = double.NaN;
        }

        return (code & 0x80) != 0 ? -value : value;
    }

    static uint ToSmall(double value, int mantissaBits, int bias, double largest)
    {
        if (double.IsNaN(value))
        {
            return 0x7f;
        }

        uint sign = double.IsNegative(value) ? 0x80u : 0;
        double magnitude = Math.Min(largest, Exact.Round(Math.Abs(value), mantissaBits, 1 - bias, Rounding.NearestEven));
        if (magnitude == 0)
        {
            return sign;
        }

        int exponent = Math.Max(Math.ILogB(magnitude), 1 - bias);
        uint scaled = (uint)Math.ScaleB(magnitude, mantissaBits - exponent);
        // A subnormal has no leading one: then its exponent field is zero.
        return sign | (scaled + (uint)((exponent + bias - 1) << mantissaBits));
    }
}
