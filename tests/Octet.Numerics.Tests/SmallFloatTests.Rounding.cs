using System.Numerics;
using System.Runtime.Intrinsics;

namespace Octet.Numerics.Tests;

public abstract partial class SmallFloatTests<T>
{
    static readonly RoundingMode[] s_directions = [RoundingMode.TowardZero, RoundingMode.TowardPositive, RoundingMode.TowardNegative, RoundingMode.ToOdd];

    [Fact]
    public void Directed_rounding_follows_its_definition_at_every_code_and_between()
    {
        for (int code = 0; code <= Format.MaxFinite; code++)
        {
            double value = Format.Value(code);
            double middle = Format.Midpoint(code);
            foreach (double x in new[] { value, double.BitIncrement(value), double.BitDecrement(middle), middle, double.BitIncrement(middle), -value, -double.BitIncrement(value), -middle })
            {
                foreach (RoundingMode rounding in s_directions)
                {
                    foreach (OverflowMode mode in s_modes)
                    {
                        Assert.Equal(Format.Round(x, rounding, mode), Code(SmallFloat.FromDouble<T>(x, rounding, mode)));
                    }
                }
            }
        }
    }

    [Fact]
    public void Decimals_integers_and_other_small_floats_round_in_a_direction_from_their_exact_value()
    {
        // Far below float64's last bit: up is the next code, down and toward zero one itself.
        decimal above = 1 + 0.0000000000000000000000000001m;
        int one = Code(T.One);
        Assert.Equal(one, Code(SmallFloat.From<T, decimal>(above, RoundingMode.TowardZero)));
        Assert.Equal(one + 1, Code(SmallFloat.From<T, decimal>(above, RoundingMode.TowardPositive)));
        Assert.Equal(one | Format.SignBit, Code(SmallFloat.From<T, decimal>(-above, RoundingMode.TowardPositive)));
        Int128 large = ((Int128)1 << 100) + 1;
        Assert.Equal(Format.Round(Math.BitIncrement(Math.ScaleB(1, 100)), RoundingMode.TowardNegative, OverflowMode.Saturate), Code(SmallFloat.From<T, Int128>(large, RoundingMode.TowardNegative, OverflowMode.Saturate)));
        Assert.Equal(Format.Round(3.140625, RoundingMode.TowardZero, OverflowMode.NonSaturating), Code(SmallFloat.From<T, BFloat16>(BFloat16.Pi, RoundingMode.TowardZero)));
        Assert.Throws<ArgumentOutOfRangeException>(() => SmallFloat.From<T, int>(1, (RoundingMode)9));
    }

    [Fact]
    public void Every_vector_width_rounds_in_a_direction_as_the_definition_says()
    {
        float[] values = FloatsOfAllExponents();
        foreach (RoundingMode rounding in s_directions)
        {
            foreach (OverflowMode mode in s_modes)
            {
                int[] expected = [.. values.Select(value => Format.Round(value, rounding, mode))];
                Check((source, destination, direction, rule) => new DirectedNarrowing<T>(source, destination, direction, rule).Run<Lane, uint>());
                Check((source, destination, direction, rule) => new DirectedNarrowing<T>(source, destination, direction, rule).Run<Lanes128, Vector128<uint>>());
                Check((source, destination, direction, rule) => new DirectedNarrowing<T>(source, destination, direction, rule).Run<Lanes256, Vector256<uint>>());
                Check((source, destination, direction, rule) => new DirectedNarrowing<T>(source, destination, direction, rule).Run<Lanes512, Vector512<uint>>());
                Check(BulkConversion.ConvertFromSingle);

                void Check(Directed narrow)
                {
                    T[] codes = new T[values.Length];
                    narrow(values, codes, rounding, mode);
                    for (int i = 0; i < values.Length; i++)
                    {
                        if (expected[i] != Code(codes[i]))
                        {
                            Assert.Fail($"{rounding}, {mode}: {values[i]:R} gave {Code(codes[i]):X2}, expected {expected[i]:X2}");
                        }
                    }
                }
            }
        }
    }

    [Fact]
    public void Rounding_to_odd_and_then_to_nearest_is_rounding_once()
    {
        // Two more bits than E2M1, and its exponents: exactly what Boldo and Melquiond ask for.
        if (T.MantissaBits < 3 || Format.Bias < 1)
        {
            Assert.Skip("the format is not wide enough to stand between float64 and E2M1");
        }

        var random = new Random(2008);
        for (int i = 0; i < 5_000; i++)
        {
            double value = (random.NextDouble() - 0.5) * 12;
            double odd = Format.Value(Code(SmallFloat.FromDouble<T>(value, RoundingMode.ToOdd)));
            Assert.Equal(ExactFormat.Float4E2M1FN.Round(value) & 7, ExactFormat.Float4E2M1FN.Round(odd) & 7);
        }
    }

    [Fact]
    public void Stochastic_rounding_goes_away_when_the_random_fraction_is_below_the_rest()
    {
        var random = new Random(23);
        for (int i = 0; i < 20_000; i++)
        {
            int code = random.Next(Format.MaxFinite);
            double low = Format.Value(code);
            double value = low + ((Format.Value(code + 1) - low) * random.NextDouble());
            uint bits = (uint)random.NextInt64();
            (int below, BigInteger rest, BigInteger step) = Format.Neighbour(value);
            int expected = below + ((bits >> 9) * step < rest << 23 ? 1 : 0);
            Assert.Equal(expected, Code(SmallFloat.FromDoubleStochastic<T>(value, bits)));
        }
    }

    [Fact]
    public void Stochastic_rounding_is_the_same_in_every_width_and_wherever_a_span_is_cut()
    {
        float[] values = FloatsOfAllExponents();
        foreach (OverflowMode mode in s_modes)
        {
            T[] expected = [.. values.Select((value, i) => SmallFloat.FromDoubleStochastic<T>(value, RandomBits.At(8, 100 + i), mode))];
            Check((source, destination) => new StochasticNarrowing<T>(source, destination, 8, 100, mode).Run<Lane, uint>());
            Check((source, destination) => new StochasticNarrowing<T>(source, destination, 8, 100, mode).Run<Lanes128, Vector128<uint>>());
            Check((source, destination) => new StochasticNarrowing<T>(source, destination, 8, 100, mode).Run<Lanes256, Vector256<uint>>());
            Check((source, destination) => new StochasticNarrowing<T>(source, destination, 8, 100, mode).Run<Lanes512, Vector512<uint>>());
            Check((source, destination) =>
            {
                BulkConversion.ConvertFromSingleStochastic(source[..1001], destination[..1001], 8, 100, mode);
                BulkConversion.ConvertFromSingleStochastic(source[1001..], destination[1001..], 8, 1101, mode);
            });

            void Check(Chance narrow)
            {
                T[] codes = new T[values.Length];
                narrow(values, codes);
                for (int i = 0; i < values.Length; i++)
                {
                    if (Code(expected[i]) != Code(codes[i]))
                    {
                        Assert.Fail($"{mode}: {values[i]:R} gave {Code(codes[i]):X2}, expected {Code(expected[i]):X2}");
                    }
                }
            }
        }
    }

    [Fact]
    public void The_mean_of_stochastic_results_is_the_value()
    {
        // Three tenths of a step above one: 65,536 trials have a standard deviation of 0.0018 steps.
        double step = Format.Value(Code(T.One) + 1) - 1;
        double value = 1 + (0.3 * step);
        double sum = 0;
        for (int i = 0; i < 65_536; i++)
        {
            sum += Format.Value(Code(SmallFloat.FromDoubleStochastic<T>(value, RandomBits.At(5, i))));
        }

        Assert.InRange(sum / 65_536, value - (0.01 * step), value + (0.01 * step));
    }

    delegate void Directed(ReadOnlySpan<float> source, Span<T> destination, RoundingMode rounding, OverflowMode mode);

    delegate void Chance(ReadOnlySpan<float> source, Span<T> destination);
}
