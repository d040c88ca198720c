using System.Numerics;
using Octet.Generation;

namespace Octet.Tests.Generation;

public class PortableExpTests
{
    [Fact]
    public void It_is_the_exponential_to_two_units_in_the_last_place()
    {
        var random = new Random(5);
        int count = 40 * Vector<double>.Count;
        double[] x = [.. Enumerable.Range(0, count).Select(i => -Math.Pow(random.NextDouble(), 3) * 690)];
        var result = new double[count];

        PortableExp.Compute(x, result, count);

        Assert.All(x.Zip(result), pair => Assert.True(
            Math.Abs(pair.Second - Math.Exp(pair.First)) <= 2 * (Math.BitIncrement(pair.Second) - pair.Second),
            $"exp({pair.First:R}) = {pair.Second:R}"));
    }

    [Fact]
    public void Zero_is_one_exactly_and_far_below_is_zero()
    {
        var x = new double[Vector<double>.Count * 2];
        double[] some = [0, -0.0, -701, -1e300, double.NegativeInfinity];
        foreach ((double value, double expected) in some.Zip([1.0, 1.0, 0.0, 0.0, 0.0]))
        {
            x.AsSpan().Fill(value);
            var result = new double[x.Length];
            PortableExp.Compute(x, result, x.Length);
            Assert.All(result, actual => Assert.Equal(expected, actual));
        }
    }

    [Fact]
    public void Known_values_come_out_bit_by_bit_on_every_machine()
    {
        // The documented steps in Python's floats (IEEE double, no fused operations); -10 is one unit off the nearest double.
        (double X, ulong Bits)[] known =
        [
            (-0.5, 0x3FE368B2FC6F960A), (-1, 0x3FD78B56362CEF38), (-10, 0x3F07CD79B5647C9A), (-123.456, 0x34CDA9FB9E4EE720), (-699.5, 0x00DC89C2E339B392),
        ];
        foreach ((double value, ulong bits) in known)
        {
            double[] x = [.. Enumerable.Repeat(value, Vector<double>.Count)];
            var result = new double[x.Length];
            PortableExp.Compute(x, result, x.Length);
            Assert.All(result, actual => Assert.Equal(bits, BitConverter.DoubleToUInt64Bits(actual)));
        }
    }
}
