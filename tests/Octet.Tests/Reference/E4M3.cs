namespace Octet.Tests.Reference;

/// <summary>E4M3FN by its definition (OCP OFP8 1.0): s eeee mmm, bias 7, subnormals, 0x7F and 0xFF are NaN.</summary>
static class E4M3
{
    static readonly double[] s_values = [.. Enumerable.Range(0, 256).Select(code => Value((byte)code))];

    internal static double Decode(byte code) => s_values[code];

    static double Value(byte code)
    {
        int exponent = (code >> 3) & 15;
        int mantissa = code & 7;
        double magnitude = exponent == 15 && mantissa == 7 ? double.NaN
            : exponent == 0 ? mantissa * Math.Pow(2, -9)
            : (8 + mantissa) * Math.Pow(2, exponent - 10);
        return code >= 0x80 ? -magnitude : magnitude;
    }

    /// <summary>The nearest code by search; ties to the even code; saturating.</summary>
    internal static byte Encode(double value)
    {
        byte sign = (byte)(value < 0 ? 0x80 : 0);
        double magnitude = Math.Abs(value);

        // Magnitudes rise with their codes.
        int above = Array.BinarySearch(s_values, 0, 0x7F, magnitude);
        above = above >= 0 ? above : ~above;
        if (above is 0 or 0x7F)
        {
            return (byte)(sign | Math.Min(above, 0x7E));
        }

        double up = s_values[above] - magnitude;
        double down = magnitude - s_values[above - 1];
        return (byte)(sign | (up < down || (up == down && above % 2 == 0) ? above : above - 1));
    }
}
