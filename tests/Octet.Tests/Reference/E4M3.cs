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
        int best = 0;
        for (int code = 1; code < 0x7F; code++)
        {
            double distance = Math.Abs(Decode((byte)code) - magnitude);
            double bestDistance = Math.Abs(Decode((byte)best) - magnitude);
            if (distance < bestDistance || (distance == bestDistance && code % 2 == 0))
            {
                best = code;
            }
        }

        return (byte)(sign | best);
    }
}
