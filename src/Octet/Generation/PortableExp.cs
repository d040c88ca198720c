using System.Numerics;
using System.Runtime.InteropServices;

namespace Octet.Generation;

/// <summary>
/// e^x for x at most 0, in additions and multiplications only, lane by lane the same at every vector width. The exponential of the platform's
/// C library differs between platforms in the last bit, which is enough to draw another token now and then.
/// </summary>
static class PortableExp
{
    // ln 2 in two parts; the upper one has 21 trailing zero bits, so its product with an exponent is exact.
    const double Ln2Upper = 6.93147180369123816490e-01;
    const double Ln2Lower = 1.90821492927058770002e-10;
    const double Log2E = 1.4426950408889634074;

    // 1.5 * 2^52: added to a small number it leaves the number's nearest integer in the low bits.
    const double Rounder = 6755399441055744.0;

    // Below this, e^x is taken as 0: 1e-304 of a probability.
    const double Smallest = -700;

    /// <summary>Computes the first <paramref name="count"/> values. Both arrays are padded to whole vectors; what is in the padding does not matter.</summary>
    internal static void Compute(double[] x, double[] result, int count)
    {
        Span<Vector<double>> from = MemoryMarshal.Cast<double, Vector<double>>(x.AsSpan());
        Span<Vector<double>> to = MemoryMarshal.Cast<double, Vector<double>>(result.AsSpan());
        int vectors = (count + Vector<double>.Count - 1) / Vector<double>.Count;
        for (int i = 0; i < vectors; i++)
        {
            to[i] = Compute(from[i]);
        }
    }

    static Vector<double> Compute(Vector<double> x)
    {
        // x = n ln 2 + r; e^x = 2^n e^r.
        Vector<double> rounded = x * Log2E + new Vector<double>(Rounder);
        Vector<double> n = rounded - new Vector<double>(Rounder);
        Vector<double> r = x - n * Ln2Upper - n * Ln2Lower;

        // The series of e^r, 1 / i! from i = 13 down. |r| is at most ln 2 / 2, where the first term left out is below 2^-57 of the sum.
        var power = new Vector<double>(1 / 6227020800.0);
        power = power * r + new Vector<double>(1 / 479001600.0);
        power = power * r + new Vector<double>(1 / 39916800.0);
        power = power * r + new Vector<double>(1 / 3628800.0);
        power = power * r + new Vector<double>(1 / 362880.0);
        power = power * r + new Vector<double>(1 / 40320.0);
        power = power * r + new Vector<double>(1 / 5040.0);
        power = power * r + new Vector<double>(1 / 720.0);
        power = power * r + new Vector<double>(1 / 120.0);
        power = power * r + new Vector<double>(1 / 24.0);
        power = power * r + new Vector<double>(1 / 6.0);
        power = power * r + new Vector<double>(1 / 2.0);
        power = power * r + new Vector<double>(1.0);
        power = power * r + new Vector<double>(1.0);

        Vector<long> exponent = Vector.ShiftLeft(Vector.AsVectorInt64(rounded), 52);
        Vector<double> scaled = Vector.AsVectorDouble(Vector.AsVectorInt64(power) + exponent);
        return Vector.ConditionalSelect(Vector.GreaterThan(x, new Vector<double>(Smallest)), scaled, Vector<double>.Zero);
    }
}
