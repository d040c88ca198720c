using Octet.Backends;
using Octet.Cuda.Tests.Kernels;
using Octet.Generation;

namespace Octet.Cuda.Tests.Sampling;

/// <summary>
/// Tokens that a sampler draws from what a card found of rows of logits, against those that it draws from the rows. They are the same, but where the sum of all weights, which the card knows to a millionth, decides:
/// such draws are told by the exact sums, and left out.
/// </summary>
public class SamplerTests
{
    const int Width = 700;
    const int TokenizerSize = 680;
    const int Steps = 12;
    const double Margin = 1e-6;

    /// <summary>Settings by name; and of how many rows the card may at most not tell the draw, of 12.</summary>
    static readonly Dictionary<string, (GenerationSettings Settings, int Whole)> s_settings = new()
    {
        ["greedy"] = (new(), 0),
        ["temperature"] = (new() { Temperature = 0.8f }, 0),
        ["high temperature"] = (new() { Temperature = 50 }, 0),
        ["top-k"] = (new() { Temperature = 1, TopK = 20 }, 0),
        ["top-k, top-p"] = (new() { Temperature = 1, TopK = 20, TopP = 0.8f }, 0),
        ["top-k, min-p, typical-p"] = (new() { Temperature = 2, TopK = 64, MinP = 0.05f, TypicalP = 0.9f }, 0),
        ["top-p"] = (new() { Temperature = 0.7f, TopP = 0.9f }, 1),
        ["top-p, min-p"] = (new() { Temperature = 1, TopP = 0.95f, MinP = 0.02f }, 0),
        ["min-p"] = (new() { Temperature = 1, MinP = 0.05f }, 0),
        ["min-p, typical-p"] = (new() { Temperature = 1, MinP = 0.05f, TypicalP = 0.7f }, 0),
        ["top-p beyond the best"] = (new() { Temperature = 8, TopP = 0.99f }, Steps),
        ["top-k beyond the best"] = (new() { Temperature = 1, TopK = 65 }, Steps),
        ["typical-p of all"] = (new() { Temperature = 1, TypicalP = 0.9f }, Steps),
        ["sequence biases"] = (new() { SequenceBias = [([3], 2)] }, Steps),
        ["biases"] = (new() { Temperature = 1, LogitBias = [(4, 9), (9, -100), (500, 8)] }, 0),
        ["repetition penalty"] = (new() { RepetitionPenalty = 1.7f }, 0),
        ["all penalties"] = (new() { Temperature = 1, TopK = 30, RepetitionPenalty = 1.2f, PresencePenalty = 0.6f, FrequencyPenalty = -0.3f }, 0),
        ["penalties of the output"] = (new() { Temperature = 0.3f, PresencePenalty = 2, FrequencyPenalty = 2 }, 0),
        ["allowed tokens"] = (new() { Temperature = 1, AllowedTokenIds = [3, 77, 5, 600, 601, 602, 690] }, 0),
        ["few allowed tokens, typical-p"] = (new() { Temperature = 1, MinP = 1e-9f, TypicalP = 0.6f, AllowedTokenIds = [3, 77, 5, 600, 601, 602, 690] }, 0),
        ["bans"] = (new() { BannedTokenIds = [.. Enumerable.Range(100, 400)], BannedFirstTokenIds = [.. Enumerable.Range(0, 99)] }, 0),
        ["banned sequences"] = (new() { Temperature = 0.1f, NoRepeatNgramSize = 1, SequenceBias = [([7], float.NegativeInfinity), ([2, 4], float.NegativeInfinity)] }, 0),
        ["end tokens"] = (new() { MinTokens = 4, StopTokenIds = [9, 10], EndTokenIds = [10], ExponentialDecay = new(4, 1.5) }, 0),
        ["everything"] = (new()
        {
            Temperature = 1.1f,
            TopK = 50,
            TopP = 0.95f,
            MinP = 0.001f,
            TypicalP = 0.95f,
            RepetitionPenalty = 1.1f,
            PresencePenalty = 0.2f,
            FrequencyPenalty = 0.1f,
            MinTokens = 3,
            NoRepeatNgramSize = 2,
            StopTokenIds = [5],
            EndTokenIds = [5],
            BannedTokenIds = [6],
            AllowedTokenIds = [.. Enumerable.Range(0, 600)],
            LogitBias = [(7, 1)],
            ExponentialDecay = new(2, 1.1),
        }, 0),
    };

    public static TheoryData<string> Settings => [.. s_settings.Keys];

    [Theory]
    [MemberData(nameof(Settings))]
    public void A_token_is_the_one_that_the_row_itself_gives(string name)
    {
        (GenerationSettings settings, int mostWhole) = s_settings[name];
        settings = settings with { Seed = 11 };
        var expected = new Sampler(settings, TokenizerSize);
        var found = new Sampler(settings, TokenizerSize);
        int[] prompt = [1, 2, 3, 2, 690, 77];
        expected.AddPrompt(prompt);
        found.AddPrompt(prompt);
        var random = new Xoshiro256(11);
        string target = KernelCard.Targets.ElementAt(name.Length % 3).Data;
        using var card = new CardRows(target, Row(0));
        int whole = 0;
        for (int step = 0; step < Steps; step++)
        {
            float[] row = Row(step);
            card.Write(row);
            float[] scores = [.. row];
            int token = expected.Sample(scores);
            double number = settings.Temperature > 0 ? random.NextDouble() : 0;
            RowChoice choice = Ask(card, found);
            if (choice.IsWhole || !found.TrySample(choice, out int drawn))
            {
                choice.IsWhole = true;
                card.Rows.Choose([choice]);
                drawn = found.Sample(choice.Whole);
                whole++;
            }

            Assert.True(token == drawn || IsOnBorder(settings, scores.AsSpan(0, TokenizerSize), number), $"step {step} on {target}: {drawn}, expected {token}");
            expected.Accept(token);
            found.Accept(token);
        }

        Assert.InRange(whole, 0, mostWhole);
        Assert.True(mostWhole < Steps || whole == Steps, $"{whole} of {Steps} rows were brought");
    }

    [Fact]
    public void Draws_ahead_take_the_numbers_of_their_turn()
    {
        var settings = new GenerationSettings { Temperature = 1, Seed = 3 };
        var expected = new Sampler(settings, TokenizerSize);
        var found = new Sampler(settings, TokenizerSize);
        Assert.False(found.LooksBack);
        float[][] rows = [.. Enumerable.Range(0, 4).Select(Row)];
        using var card = new CardRows("sm_90a", rows);
        RowChoice[] choices = [.. rows.Select((_, row) =>
        {
            var choice = new RowChoice();
            choice.Begin(row);
            found.Ask(choice, Width, ahead: row);
            return choice;
        })];
        card.Rows.Choose(choices);
        foreach (RowChoice choice in choices)
        {
            Assert.True(found.TrySample(choice, out int token));
            Assert.Equal(expected.Sample(rows[choice.Row]), token);
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void Errors_are_those_of_the_row_itself(float bad)
    {
        float[] row = float.IsNegativeInfinity(bad) ? [.. Enumerable.Repeat(bad, Width)] : Row(1);
        row[50] = bad;
        foreach (GenerationSettings settings in (GenerationSettings[])[new(), new() { Temperature = 1 }, new() { BannedTokenIds = [50], LogitBias = [(50, 1)] }])
        {
            using var card = new CardRows("sm_90a", row);
            var sampler = new Sampler(settings, TokenizerSize);
            RowChoice choice = Ask(card, sampler);
            Assert.False(sampler.TrySample(choice, out _));
            choice.IsWhole = true;
            card.Rows.Choose([choice]);
            string expected = Assert.Throws<ModelException>(() => new Sampler(settings, TokenizerSize).Sample([.. row])).Message;
            Assert.Equal(expected, Assert.Throws<ModelException>(() => sampler.Sample(choice.Whole)).Message);
        }
    }

    static RowChoice Ask(CardRows card, Sampler sampler)
    {
        var choice = new RowChoice();
        choice.Begin(0);
        sampler.Ask(choice, Width, ahead: 0);
        card.Rows.Choose([choice]);
        return choice;
    }

    // A few tokens are likely, as a model has it; some are equal, some out.
    static float[] Row(int seed)
    {
        float[] row = Values.Normal(Width, seed + 1);
        for (int id = 0; id < Width; id++)
        {
            row[id] = id % 50 == seed % 50 ? MathF.Round(row[id] + 6) : id % 97 == 0 ? float.NegativeInfinity : 2 * row[id];
        }

        // Never drawn, and larger than all.
        row[TokenizerSize + 1] = 100;
        return row;
    }

    /// <summary>Whether an exact sum of weights that decides the draw is as near to what it is compared with as the card's sum may be off.</summary>
    static bool IsOnBorder(GenerationSettings settings, ReadOnlySpan<float> scores, double number)
    {
        if (settings.Temperature <= 0 || settings.TopK > 0)
        {
            return false;
        }

        double largest = LogitScan.Maximum(scores);
        double[] weights = [.. scores.ToArray().Select(score => Math.Exp((score - largest) / settings.Temperature))];
        double total = weights.Sum();
        double limit = settings.TopP < 1 ? settings.TopP * total : number * total;
        double[] order = settings.TopP < 1 ? [.. weights.OrderDescending()] : weights;
        double reached = 0;
        foreach (double weight in order)
        {
            reached += weight;
            if (Math.Abs(reached - limit) <= Margin * total)
            {
                return true;
            }
        }

        return false;
    }
}
