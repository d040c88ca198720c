namespace Octet.Tests.Reference;

/// <summary>E5M2 by its definition (OCP OFP8 1.0): the upper half of a binary16, infinity and NaN included.</summary>
static class E5M2
{
    static readonly double[] s_values = [.. Enumerable.Range(0, 256).Select(code => (double)BitConverter.UInt16BitsToHalf((ushort)(code << 8)))];

    internal static double Decode(byte code) => s_values[code];

    /// <summary>The nearest code of a number by search; ties to the even code; saturating.</summary>
    internal static byte Encode(double value)
    {
        byte best = 0;

        // Far beyond the largest value all distances would be the same double.
        double magnitude = Math.Min(Math.Abs(value), 1e6);
        for (byte code = 1; code < 0x7C; code++)
        {
            double distance = Math.Abs(Decode(code) - magnitude);
            double bestDistance = Math.Abs(Decode(best) - magnitude);
            if (distance < bestDistance || (distance == bestDistance && code % 2 == 0))
            {
                best = code;
            }
        }

        return (byte)(best | (value < 0 ? 0x80 : 0));
    }
}
