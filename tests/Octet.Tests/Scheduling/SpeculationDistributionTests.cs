using Octet.Generation;
using Octet.Tests.Generation;
using Octet.Tests.Reference;
using static Octet.Tests.Scheduling.SchedulerTests;

namespace Octet.Tests.Scheduling;

/// <summary>Where tokens are drawn by chance, guesses change nothing of how often each comes.</summary>
public class SpeculationDistributionTests
{
    const int Vocabulary = 8;
    const int Seeds = 60;
    const int AnswerTokens = 60;

    // Of chi-square with seven degrees of freedom the 1e-6 quantile from above: by its distribution function, not by what was found.
    const double Limit = 40.5;

    static readonly int[] s_prompt = [1, 2, 3];
    static readonly SyntheticCheckpoint s_checkpoint = new() { VocabSize = Vocabulary, HiddenSize = 32, IntermediateSize = 64, Layers = 1, Heads = 2, KeyValueHeads = 1, HeadDim = 16, MaxPositionEmbeddings = 128, Tied = false, HeadSpread = 3 };

    /// <summary>
    /// Drawn tokens by their place among the likeliest, against the sum of the exact probabilities of that place behind what was written. Each term of the
    /// difference has the mean 0 whatever came before it, and a variance of at most its probability, so that the statistic is no larger than chi-square's.
    /// </summary>
    [Theory]
    [InlineData("itself")]
    [InlineData("another model")]
    [InlineData("lookup")]
    [InlineData("nothing")]
    public async Task Every_token_comes_as_often_as_the_model_and_the_rules_of_sampling_say(string guesser)
    {
        using var itself = new SyntheticModel(checkpoint: s_checkpoint);
        using var other = new SyntheticModel(checkpoint: s_checkpoint with { Seed = 9 });
        using var synthetic = new SyntheticModel(
            guesser switch
            {
                "lookup" => new() { Speculation = Speculation.PromptLookup },
                "nothing" => new(),
                _ => new() { Speculation = Speculation.DraftModel, DraftModel = guesser == "itself" ? itself.Path : other.Path },
            },
            s_checkpoint);
        GenerationOptions options = new() { IgnoreEos = true, MaxTokens = AnswerTokens, Temperature = 3, TopP = 0.9f };
        GenerationSettings settings = synthetic.Model.Settings(options, s_prompt.Length);
        if (guesser != "nothing")
        {
            synthetic.Model.AlwaysGuesses = true;
        }

        double[] expected = new double[Vocabulary];
        int[] found = new int[Vocabulary];
        foreach (int[] seeds in Enumerable.Range(0, Seeds).Chunk(4))
        {
            int[][] answers = await Task.WhenAll(seeds.Select(seed => Task.Run(() => Tokens(synthetic.Model, s_prompt, options with { Seed = seed }))));
            foreach (int[] answer in answers)
            {
                Count(synthetic.Alone([.. s_prompt, .. answer]), answer, settings, expected, found);
            }
        }

        EngineStatistics statistics = synthetic.Model.Statistics;
        if (guesser != "nothing")
        {
            // Right and wrong ones, both often enough to show.
            Assert.InRange(statistics.AcceptedTokens, 100, statistics.GuessedTokens - 100);
        }

        Assert.Equal(Seeds * AnswerTokens, found.Sum());
        double statistic = ChiSquare(expected, found);
        Assert.True(statistic < Limit, $"chi-square is {statistic}: expected {string.Join(' ', expected.Select(count => $"{count:0.0}"))}, found {string.Join(' ', found)}");
    }

    static void Count(float[][] rows, int[] answer, GenerationSettings settings, double[] expected, int[] found)
    {
        for (int i = 0; i < answer.Length; i++)
        {
            double[] exact = Distribution.Defined(settings, rows[s_prompt.Length - 1 + i]);
            Assert.True(exact[answer[i]] > 0, $"token {answer[i]} cannot be drawn");
            int[] order = [.. Enumerable.Range(0, Vocabulary).OrderByDescending(id => exact[id]).ThenBy(id => id)];
            for (int place = 0; place < Vocabulary; place++)
            {
                expected[place] += exact[order[place]];
            }

            found[Array.IndexOf(order, answer[i])]++;
        }
    }

    /// <summary>Places that hardly come count together.</summary>
    static double ChiSquare(double[] expected, int[] found)
    {
        double sum = 0, rareExpected = 0, rareFound = 0;
        for (int place = 0; place < expected.Length; place++)
        {
            if (expected[place] >= 5)
            {
                sum += (found[place] - expected[place]) * (found[place] - expected[place]) / expected[place];
            }
            else
            {
                rareExpected += expected[place];
                rareFound += found[place];
            }
        }

        return sum + (rareExpected > 0 ? (rareFound - rareExpected) * (rareFound - rareExpected) / Math.Max(rareExpected, 5) : 0);
    }
}
