using Octet.Backends;
using Octet.Backends.Cpu;

namespace Octet.Tests.Backends;

/// <summary>The choice of experts against its definition, by sorting.</summary>
public class RouterTests
{
    public static TheoryData<int, int, string, bool, int, int, bool> Rules => new()
    {
        { 6, 3, "Softmax", false, 1, 1, false },
        { 128, 8, "Softmax", true, 1, 1, false },
        { 33, 33, "Softmax", true, 1, 1, true },
        { 160, 8, "Logistic", true, 1, 1, true },
        { 256, 8, "Logistic", true, 8, 4, true },
        { 12, 3, "Logistic", false, 4, 1, true },
        { 5, 2, "Logistic", true, 5, 3, true },
        { 600, 7, "Logistic", true, 600, 550, true },
    };

    /// <summary>By hand: of 4, 3.5, 1 and -4 those within 0.4 of the best are 4 and 3.5 (0.125 away); without the first none is near 3.5 (1 is 2.5/3.5 away). Within 0.8 the 1 is near both.</summary>
    [Theory]
    [InlineData(0.2, 0, 1, 0.6224593312018546, 1)]
    [InlineData(0.4, 0, 1, 0.6037489, 0.9241418)]
    [InlineData(0.05, 0, 1, 1, 1)]
    public void Two_experts_are_mixed_each_by_those_near_it(double jitter, int first, int second, double firstWeight, double secondWeight)
    {
        var rule = new RoutingRule(4, 2, ExpertScoring.SparseMixer) { Jitter = jitter };
        int[] found = new int[2];
        float[] weights = new float[2];
        Router.Choose([4, 3.5f, 1, -4], rule, [], found, weights);
        Assert.Equal([first, second], found);
        Assert.Equal(firstWeight, weights[0], 1e-6);
        Assert.Equal(secondWeight, weights[1], 1e-6);
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void The_best_experts_are_chosen_with_their_weights(int experts, int chosen, string scoring, bool normalised, int groups, int chosenGroups, bool corrected)
    {
        var random = new Random(experts);
        var rule = new RoutingRule(experts, chosen, Enum.Parse<ExpertScoring>(scoring)) { IsNormalised = normalised, Scale = 2.5f, Groups = groups, ChosenGroups = chosenGroups };
        for (int round = 0; round < 20; round++)
        {
            // Of few different values: many are the same.
            float[] logits = [.. Enumerable.Range(0, experts).Select(_ => random.Next(-8, 8) / 2f)];
            float[] correction = corrected ? [.. Enumerable.Range(0, experts).Select(_ => random.Next(-4, 2) / 4f)] : [];
            int[] found = new int[chosen];
            float[] weights = new float[chosen];
            Router.Choose(logits, rule, correction, found, weights);

            double[] exps = [.. logits.Select(logit => Math.Exp(logit))];
            double[] scores = rule.Scoring == ExpertScoring.Softmax ? [.. exps.Select(exp => exp / exps.Sum())] : [.. exps.Select(exp => exp / (1 + exp))];
            double[] choice = [.. scores.Select((score, i) => score + (corrected ? correction[i] : 0))];
            int size = experts / groups;
            HashSet<int> kept = [.. Enumerable.Range(0, groups)
                .OrderByDescending(group => Math.Round(choice.Skip(group * size).Take(size).OrderDescending().Take(2).Sum(), 9)).Take(chosenGroups)];
            int[] expected = [.. Enumerable.Range(0, experts).Where(i => kept.Contains(i / size)).OrderByDescending(i => Math.Round(choice[i], 9)).Take(chosen)];
            Assert.Equal(expected, found);
            double sum = normalised ? expected.Sum(i => scores[i]) : 1;
            Assert.All(weights, (weight, slot) => Assert.Equal(scores[expected[slot]] / sum * 2.5, weight, 1e-6));
        }
    }

    [Fact]
    public void Of_logits_that_are_no_numbers_different_experts_are_chosen_all_the_same()
    {
        int[] found = new int[3];
        Router.Choose([float.NaN, float.NaN, float.NaN, float.NaN], new RoutingRule(4, 3, ExpertScoring.Softmax) { IsNormalised = true }, [], found, new float[3]);
        Assert.Equal([0, 1, 2], found);
    }

    [Fact]
    public void Scores_that_are_all_zero_weigh_nothing()
    {
        float[] weights = new float[2];
        Router.Choose([-1000, -1000, -1000], new RoutingRule(3, 2, ExpertScoring.Logistic) { IsNormalised = true }, [], new int[2], weights);
        Assert.Equal([0, 0], weights);
    }
}
