using Octet.Generation;

namespace Octet.Tests.Generation;

public class SamplingFilterTests
{
    // Probabilities 0.4, 0.3, 0.2, 0.1 of the ids 2, 0, 3, 1.
    static readonly float[] s_logits = [MathF.Log(3), 0, MathF.Log(4), MathF.Log(2)];

    [Fact]
    public void Without_filters_it_is_the_softmax() => Check(new() { Temperature = 1 }, 0.3, 0.1, 0.4, 0.2);

    // Weights 3, 1, 4, 2 to the power 1 / temperature.
    [Fact]
    public void A_temperature_of_one_half_squares_the_weights() => Check(new() { Temperature = 0.5f }, 9 / 30.0, 1 / 30.0, 16 / 30.0, 4 / 30.0);

    [Fact]
    public void A_tiny_temperature_leaves_the_best() => Check(new() { Temperature = float.Epsilon }, 0, 0, 1, 0);

    [Theory]
    [InlineData(1, 0, 0, 1, 0)]
    [InlineData(2, 3 / 7.0, 0, 4 / 7.0, 0)]
    [InlineData(3, 3 / 9.0, 0, 4 / 9.0, 2 / 9.0)]
    [InlineData(4, 0.3, 0.1, 0.4, 0.2)]
    [InlineData(99, 0.3, 0.1, 0.4, 0.2)]
    public void Top_k_keeps_the_k_best(int k, double p0, double p1, double p2, double p3) => Check(new() { Temperature = 1, TopK = k }, p0, p1, p2, p3);

    [Fact]
    public void Of_equal_tokens_top_k_keeps_the_lower_id() =>
        Distribution.AssertSame([0.5, 0.5, 0, 0], Distribution.Found(new() { Temperature = 1, TopK = 2 }, [1, 1, 1, 1]));

    // 0.4 + 0.3 = 0.7 does not reach 0.75 yet; 0.2 more crosses it and stays.
    [Theory]
    [InlineData(0f, 0, 0, 1, 0)]
    [InlineData(0.35f, 0, 0, 1, 0)]
    [InlineData(0.45f, 3 / 7.0, 0, 4 / 7.0, 0)]
    [InlineData(0.75f, 3 / 9.0, 0, 4 / 9.0, 2 / 9.0)]
    [InlineData(0.95f, 0.3, 0.1, 0.4, 0.2)]
    public void Top_p_keeps_the_token_that_crosses_p(float p, double p0, double p1, double p2, double p3) => Check(new() { Temperature = 1, TopP = p }, p0, p1, p2, p3);

    // After top-k 3 the probabilities are 4/9, 3/9, 2/9: 7/9 = 0.78 reaches 0.75 with two tokens, where 0.7 of the whole did not.
    [Fact]
    public void Top_p_sees_what_top_k_left() => Check(new() { Temperature = 1, TopK = 3, TopP = 0.75f }, 3 / 7.0, 0, 4 / 7.0, 0);

    // Of the best, 0.4: 0.3 is 3/4, 0.2 is 1/2, 0.1 is 1/4.
    [Theory]
    [InlineData(0.2f, 0.3, 0.1, 0.4, 0.2)]
    [InlineData(0.3f, 3 / 9.0, 0, 4 / 9.0, 2 / 9.0)]
    [InlineData(0.6f, 3 / 7.0, 0, 4 / 7.0, 0)]
    [InlineData(1f, 0, 0, 1, 0)]
    public void Min_p_is_a_fraction_of_the_best(float p, double p0, double p1, double p2, double p3) => Check(new() { Temperature = 1, MinP = p }, p0, p1, p2, p3);

    // The entropy is 1.280 and the informations are 1.204, 2.303, 0.916, 1.609: id 0 is nearest (0.076), then 3 (0.330), 2 (0.364), 1 (1.023).
    [Theory]
    [InlineData(0.2f, 1, 0, 0, 0)]
    [InlineData(0.4f, 3 / 5.0, 0, 0, 2 / 5.0)]
    [InlineData(0.6f, 3 / 9.0, 0, 4 / 9.0, 2 / 9.0)]
    [InlineData(0.95f, 0.3, 0.1, 0.4, 0.2)]
    public void Typical_p_keeps_the_information_nearest_to_the_entropy(float p, double p0, double p1, double p2, double p3) =>
        Check(new() { Temperature = 1, TypicalP = p }, p0, p1, p2, p3);

    [Fact]
    public void Any_filters_together_do_what_their_definitions_do()
    {
        var random = new Random(7);
        for (int round = 0; round < 150; round++)
        {
            float[] logits = [.. Enumerable.Range(0, random.Next(1, 14)).Select(_ => (float)(random.NextDouble() * 8 - 4))];
            var settings = new GenerationSettings
            {
                Temperature = (float)(0.3 + random.NextDouble()),
                TopK = random.Next(2) == 0 ? 0 : random.Next(1, 14),
                TopP = random.Next(2) == 0 ? 1 : (float)random.NextDouble(),
                MinP = random.Next(2) == 0 ? 0 : (float)random.NextDouble() * 0.3f,
                TypicalP = random.Next(2) == 0 ? 1 : (float)(0.01 + 0.98 * random.NextDouble()),
            };

            Distribution.AssertSame(Distribution.Defined(settings, logits), Distribution.Found(settings, logits));
        }
    }

    [Fact]
    public void Top_p_over_a_large_vocabulary_keeps_the_smallest_set_although_it_sorts_only_a_part()
    {
        var random = new Random(3);
        float[] logits = [.. Enumerable.Range(0, 5000).Select(_ => (float)(random.NextDouble() * 20))];
        double[] weights = [.. logits.Select(logit => Math.Exp(logit))];
        foreach (float p in (float[])[0.01f, 0.5f, 0.9f, 0.999f])
        {
            double reached = 0;
            int[] nucleus = [.. Enumerable.Range(0, logits.Length).OrderByDescending(id => logits[id])
                .TakeWhile(id => (reached += weights[id] / weights.Sum()) - weights[id] / weights.Sum() < p)];
            var candidates = new Candidates(new GenerationSettings { Temperature = 1, TopP = p }, logits.Length);

            // The least likely of the nucleus is drawn last.
            Assert.Equal(nucleus[^1], candidates.Draw(logits, logits.Max(), 1 - 1e-12));
            Assert.Equal(nucleus[0], candidates.Draw(logits, logits.Max(), 0));
        }
    }

    static void Check(GenerationSettings settings, params double[] expected)
    {
        Distribution.AssertSame(expected, Distribution.Found(settings, s_logits));
        Distribution.AssertSame(expected, Distribution.Defined(settings, s_logits));
    }
}
