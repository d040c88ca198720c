using Octet.Generation;

namespace Octet.Tests.Generation;

public class SamplerTests
{
    [Theory]
    [InlineData(new float[] { 1, 3, 2 }, 1)]
    [InlineData(new float[] { 1, 3, 3 }, 1)]
    [InlineData(new float[] { -5, float.NegativeInfinity, -4 }, 2)]
    [InlineData(new float[] { -0f, 0f }, 0)]
    public void Greedy_takes_the_largest_logit_and_of_equal_ones_the_lower_id(float[] logits, int expected) =>
        Assert.Equal(expected, new Sampler(new(), logits.Length).Sample(logits));

    [Theory]
    [InlineData(0f)]
    [InlineData(1f)]
    public void Rows_beyond_the_tokenizer_are_never_drawn(float temperature)
    {
        var sampler = new Sampler(new() { Temperature = temperature, Seed = 1 }, tokenizerSize: 3);
        for (int i = 0; i < 200; i++)
        {
            Assert.InRange(sampler.Sample([0, 1, 0, 99, float.NaN]), 0, 2);
        }
    }

    [Fact]
    public void A_vocabulary_smaller_than_the_tokenizer_is_drawn_from_as_it_is()
    {
        var settings = new GenerationSettings
        {
            Temperature = 1,
            TopK = 5,
            TopP = 0.5f,
            Seed = 1,
            BannedTokenIds = [0, 9],
            LogitBias = [(8, 1)],
            AllowedTokenIds = [0, 1, 7],
            RepetitionPenalty = 2,
        };
        var sampler = new Sampler(settings, tokenizerSize: 10);
        sampler.AddPrompt([1, 9, 12]);

        Assert.Equal(1, sampler.Sample([5, 4, 3]));
    }

    [Fact]
    public void Bias_is_added() => Assert.Equal(2, Greedy(new() { LogitBias = [(0, -1), (2, 1.5f)] }, [3, 2, 2]));

    [Fact]
    public void Banned_tokens_are_out_whatever_their_bias() => Assert.Equal(1, Greedy(new() { BannedTokenIds = [2], LogitBias = [(2, 100)] }, [0, 1, 2]));

    [Fact]
    public void Only_allowed_tokens_are_in() => Assert.Equal(1, Greedy(new() { AllowedTokenIds = [0, 1] }, [-8, -7, 9]));

    [Fact]
    public void Stop_tokens_are_held_off_until_the_minimum_length()
    {
        var sampler = new Sampler(new() { MinTokens = 2, StopTokenIds = [2] }, 3);
        var drawn = new List<int>();
        for (int i = 0; i < 3; i++)
        {
            drawn.Add(sampler.Sample([0, 1, 2]));
            sampler.Accept(drawn[^1]);
        }

        Assert.Equal([1, 1, 2], drawn);
    }

    [Fact]
    public void The_repetition_penalty_divides_positive_and_multiplies_negative_scores_of_prompt_and_output_once()
    {
        var sampler = new Sampler(new() { RepetitionPenalty = 2 }, 5);
        sampler.AddPrompt([0, 0, 1]);
        sampler.Accept(2);
        sampler.Accept(2);
        float[] logits = [8, -8, 3, -3, 0];

        sampler.Sample(logits);

        Assert.Equal([4, -16, 1.5f, -3, 0], logits);
    }

    [Fact]
    public void Presence_and_frequency_penalty_count_the_output_alone()
    {
        var sampler = new Sampler(new() { PresencePenalty = 0.5f, FrequencyPenalty = 0.25f }, 4);
        sampler.AddPrompt([0, 1]);
        foreach (int token in (int[])[1, 2, 2, 2])
        {
            sampler.Accept(token);
        }

        float[] logits = [1, 1, 1, 1];

        sampler.Sample(logits);

        Assert.Equal([1, 0.25f, -0.25f, 1], logits);
    }

    [Fact]
    public void Penalties_follow_the_bias()
    {
        var sampler = new Sampler(new() { LogitBias = [(0, 2)], RepetitionPenalty = 2 }, 2);
        sampler.AddPrompt([0]);
        float[] logits = [2, 1];

        sampler.Sample(logits);

        Assert.Equal([2, 1], logits);
    }

    [Fact]
    public void The_smallest_penalty_does_not_make_infinity()
    {
        var sampler = new Sampler(new() { RepetitionPenalty = float.Epsilon, Temperature = 1, Seed = 1 }, 2);
        sampler.AddPrompt([1]);

        Assert.Equal(1, sampler.Sample([5, 4]));
    }

    [Theory]
    [InlineData(float.NaN, "the model produced NaN at step 2 (0 is the first generated token), first for token 1; expected finite logits: a weight or scale of the checkpoint is likely damaged")]
    [InlineData(float.PositiveInfinity, "the model produced infinity at step 2 (0 is the first generated token), first for token 1; expected finite logits: a weight or scale of the checkpoint is likely damaged")]
    public void Logits_that_are_not_finite_are_an_error_with_the_step(float bad, string message)
    {
        var sampler = new Sampler(new(), 3);
        sampler.Accept(0);
        sampler.Accept(0);

        Assert.Equal(message, Assert.Throws<ModelException>(() => sampler.Sample([0, bad, bad])).Message);
    }

    [Fact]
    public void No_finite_logit_at_all_is_the_models_damage()
    {
        var error = Assert.Throws<ModelException>(() => Greedy(new() { BannedTokenIds = [1] }, [float.NegativeInfinity, float.NegativeInfinity]));

        Assert.Equal(ModelError.Damaged, error.Error);
        Assert.Equal("the model gave every token that may be drawn the logit -infinity at step 0; expected at least one finite logit", error.Message);
    }

    [Fact]
    public void Rules_that_ban_all_that_is_left_are_the_callers_and_named()
    {
        var sampler = new Sampler(new() { AllowedTokenIds = [1], NoRepeatNgramSize = 2, BannedFirstTokenIds = [2] }, 3);
        sampler.Accept(sampler.Sample([0, 0, 0]));
        sampler.Accept(sampler.Sample([0, 0, 0]));

        var error = Assert.Throws<ModelException>(() => sampler.Sample([0, 0, 0]));

        Assert.Equal(ModelError.InvalidInput, error.Error);
        Assert.Equal(
            "the rules of the generation leave no token that could be drawn at step 2 (0 is the first generated token): AllowedTokenIds, NoRepeatNgramSize; expected at least one that none of them bans",
            error.Message);
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(1f)]
    public void The_largest_penalty_and_the_largest_bias_ban_nothing(float temperature)
    {
        var settings = new GenerationSettings
        {
            RepetitionPenalty = 3e38f,
            SequenceBias = [([0], -3e38f), ([0], -3e38f), ([1], -3e38f), ([1], -3e38f)],
            BannedTokenIds = [2],
            Temperature = temperature,
            Seed = 1,
        };
        var sampler = new Sampler(settings, 3);
        sampler.AddPrompt([0, 1, 2]);
        float[] logits = [-5, -4, 3];

        Assert.InRange(sampler.Sample(logits), 0, 1);
        Assert.Equal([float.MinValue, float.MinValue, float.NegativeInfinity], logits);
    }

    [Fact]
    public void Frequencies_follow_the_probabilities()
    {
        float[] logits = [.. Enumerable.Range(0, 10).Select(id => MathF.Sin(id) * 2)];
        double[] weights = [.. logits.Select(logit => Math.Exp(logit / 0.8))];
        var sampler = new Sampler(new() { Temperature = 0.8f, Seed = 42 }, 10);
        const int Draws = 100_000;
        var counts = new int[10];
        for (int i = 0; i < Draws; i++)
        {
            counts[sampler.Sample([.. logits])]++;
        }

        double chiSquare = counts.Select((count, id) => weights[id] / weights.Sum() * Draws is var expected ? (count - expected) * (count - expected) / expected : 0).Sum();

        // The 0.999 quantile with 9 degrees of freedom.
        Assert.True(chiSquare < 27.88, $"chi-square {chiSquare}");
    }

    [Fact]
    public void The_same_seed_draws_the_same_tokens_and_another_seed_others()
    {
        int[] first = DrawWith(new() { Temperature = 1, Seed = 5 });

        Assert.Equal(first, DrawWith(new() { Temperature = 1, Seed = 5 }));
        Assert.NotEqual(first, DrawWith(new() { Temperature = 1, Seed = 6 }));
        Assert.NotEqual(DrawWith(new() { Temperature = 1 }), DrawWith(new() { Temperature = 1 }));
    }

    [Fact]
    public void A_seed_that_was_chosen_can_be_used_again()
    {
        var sampler = new Sampler(new() { Temperature = 1 }, 1000);

        Assert.Equal(Draw(sampler), Draw(new Sampler(new() { Temperature = 1, Seed = sampler.Seed }, 1000)));
    }

    public static TheoryData<string> Everything => ["greedy", "softmax", "top-k", "top-p", "typical", "all"];

    [Theory]
    [MemberData(nameof(Everything))]
    public void A_token_allocates_nothing(string filters)
    {
        const int Size = 151_936;
        GenerationSettings settings = filters switch
        {
            "greedy" => new(),
            "softmax" => new() { Temperature = 1, MinP = 0.01f },
            "top-k" => new() { Temperature = 1, TopK = 20, TopP = 0.8f },
            "top-p" => new() { Temperature = 1, TopP = 0.95f },
            "typical" => new() { Temperature = 1, TypicalP = 0.9f },
            _ => new()
            {
                Temperature = 1,
                TopK = 50,
                TopP = 0.9f,
                MinP = 0.01f,
                TypicalP = 0.9f,
                RepetitionPenalty = 1.1f,
                PresencePenalty = 1,
                FrequencyPenalty = 1,
                MinTokens = 100,
                StopTokenIds = [5],
                BannedTokenIds = [6],
                AllowedTokenIds = [.. Enumerable.Range(0, 100_000)],
                LogitBias = [(7, 1)],
            },
        };
        var sampler = new Sampler(settings, Size);
        var random = new Random(1);
        float[] logits = [.. Enumerable.Range(0, Size).Select(_ => (float)(random.NextDouble() * 20))];
        var scratch = new float[Size];
        void Steps(int count)
        {
            for (int i = 0; i < count; i++)
            {
                logits.CopyTo(scratch, 0);
                sampler.Accept(sampler.Sample(scratch));
            }
        }

        Steps(2);

        Assert.Equal(0, AllocatedBytes.Of(() => Steps(3)));
    }

    static int Greedy(GenerationSettings settings, float[] logits) => new Sampler(settings, logits.Length).Sample(logits);

    static int[] DrawWith(GenerationSettings settings) => Draw(new Sampler(settings, 1000));

    static int[] Draw(Sampler sampler) => [.. Enumerable.Range(0, 20).Select(_ => sampler.Sample(new float[1000]))];
}
