using System.Runtime.Intrinsics;
using Octet.Backends.Cpu;

namespace Octet.Tests.Backends;

/// <summary>exp of every vector width against double precision.</summary>
public class VectorExpTests
{
    // Below the first, results are 0 or have lost bits as float32 subnormals would; over the second they would be infinite.
    const float Lowest = -87.3f;
    const float Highest = 88.3f;

    [Fact]
    public void Exp_is_within_four_units_of_the_last_bit()
    {
        var inputs = new List<float> { 0, -0f, 1, -1, float.Epsilon, Lowest, Highest, 0.34657359f, -0.34657359f, 0.3465736f };
        var random = new Random(7);
        for (int i = 0; i < 100_000; i++)
        {
            inputs.Add(Lowest + (Highest - Lowest) * random.NextSingle());
            inputs.Add((random.NextSingle() - 0.5f) * MathF.Pow(2, random.Next(-30, 3)));
        }

        foreach (float x in inputs)
        {
            double expected = Math.Exp(x);
            foreach ((string width, float found) in Widths(x))
            {
                if (!(Math.Abs(found - expected) <= expected * Math.Pow(2, -22)))
                {
                    Assert.Fail($"{width}: exp({x:R}) is {found:R}, expected {expected:R}");
                }
            }
        }
    }

    [Theory]
    [InlineData(0f, 1f)]
    [InlineData(-89f, 0f)]
    [InlineData(-1e30f, 0f)]
    [InlineData(float.NegativeInfinity, 0f)]
    [InlineData(float.NaN, float.NaN)]
    public void Exp_of_a_special_value_is_exact(float x, float expected) => Assert.All(Widths(x), width => Assert.Equal(expected, width.Value));

    [Theory]
    [InlineData(89f)]
    [InlineData(float.MaxValue)]
    [InlineData(float.PositiveInfinity)]
    public void Exp_of_a_large_value_is_large_and_finite(float x) => Assert.All(Widths(x), width => Assert.InRange(width.Value, 2e38f, float.MaxValue));

    static IEnumerable<(string Name, float Value)> Widths(float x)
    {
        yield return ("128", VectorExp.Exp<Simd128, Vector128<float>>(Vector128.Create(x))[1]);
        yield return ("256", VectorExp.Exp<Simd256, Vector256<float>>(Vector256.Create(x))[5]);
        yield return ("512", VectorExp.Exp<Simd512, Vector512<float>>(Vector512.Create(x))[11]);
    }
}
