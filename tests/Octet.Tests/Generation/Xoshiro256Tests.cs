using Octet.Generation;

namespace Octet.Tests.Generation;

public class Xoshiro256Tests
{
    [Fact]
    public void The_published_sequence_of_the_state_1_2_3_4_comes_out()
    {
        // The vector that ports of xoshiro256starstar.c share (rand_xoshiro among them).
        ulong[] expected =
        [
            11520, 0, 1509978240, 1215971899390074240, 1216172134540287360, 607988272756665600, 16172922978634559625,
            8476171486693032832, 10595114339597558777, 2904607092377533576,
        ];
        var random = new Xoshiro256(1, 2, 3, 4);

        Assert.Equal(expected, expected.Select(_ => random.Next()));
    }

    [Fact]
    public void The_published_sequence_of_SplitMix64_comes_out()
    {
        ulong[] expected = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821];
        ulong state = 1234567;

        Assert.Equal(expected, expected.Select(_ => Xoshiro256.SplitMix64(ref state)));
    }

    [Fact]
    public void A_seed_fills_the_state_by_SplitMix64()
    {
        ulong state = 1234567;
        var expected = new Xoshiro256(
            Xoshiro256.SplitMix64(ref state), Xoshiro256.SplitMix64(ref state), Xoshiro256.SplitMix64(ref state), Xoshiro256.SplitMix64(ref state));
        var random = new Xoshiro256(1234567);

        Assert.Equal(expected.Next(), random.Next());
    }

    [Fact]
    public void A_double_is_the_upper_53_bits_as_a_fraction()
    {
        // The first three outputs of the state 1, 2, 3, 4 are 11520, 0 and 1509978240: 5, 0 and 737294 after the lower 11 bits are gone.
        var random = new Xoshiro256(1, 2, 3, 4);

        Assert.Equal([Math.ScaleB(5, -53), 0, Math.ScaleB(737294, -53)], [random.NextDouble(), random.NextDouble(), random.NextDouble()]);
    }
}
