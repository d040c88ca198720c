using Octet.Backends;
using Octet.Cuda.Tests.Kernels;

namespace Octet.Cuda.Tests.Sampling;

/// <summary>What a card finds of rows of logits, against sorting and sums in double precision.</summary>
public class ChoiceTests
{
    const int Width = 1003;

    public static TheoryData<string> Targets => KernelCard.Targets;

    [Theory]
    [MemberData(nameof(Targets))]
    public void The_best_come_in_order_and_of_equal_ones_the_lower_id(string target)
    {
        // Ties within a segment of 128 and across, more of the best logit than are wanted, and fewer finite logits than that.
        float[] few = [.. Enumerable.Repeat(float.NegativeInfinity, Width)];
        (few[1000], few[3], few[500]) = (-2, -2, 7);
        float[][] rows = [Row(1), [.. Row(2).Select(logit => MathF.Round(logit))], new float[Width], few, [.. Row(3).Select(logit => logit < 0 ? -0f : 0)]];
        using var card = new CardRows(target, rows);
        RowChoice[] choices = [.. rows.SelectMany((_, row) => (int[])[1, 3, 20, LogitRows.MostBest], (_, best) => best).Select((best, i) => Ask(i / 4, best))];
        card.Rows.Choose(choices);
        foreach (RowChoice choice in choices)
        {
            AssertBest(Best(rows[choice.Row], choice.Best), choice);
        }
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void Weights_add_up_to_a_millionth(string target)
    {
        float[][] rows = [Row(1), [.. Row(2).Select(logit => 30 * logit)], [.. Row(3).Select((logit, id) => id % 3 == 0 ? float.NegativeInfinity : logit)]];
        using var card = new CardRows(target, rows);
        RowChoice[] choices = [.. rows.SelectMany((_, row) => (float[])[0.25f, 1, 10], (_, rate) => rate).Select((rate, i) => Ask(i / 3, 1, rate))];
        card.Rows.Choose(choices);
        foreach (RowChoice choice in choices)
        {
            double largest = rows[choice.Row].Max();
            double expected = rows[choice.Row].Sum(logit => Math.Exp((logit - largest) * choice.Rate));
            Assert.Equal(expected, choice.Total, expected * 1e-6);
        }
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void A_draw_is_where_the_weights_in_the_order_of_ids_reach_the_number(string target)
    {
        float[][] rows = [Row(1), [.. Row(3).Select((logit, id) => id is < 300 or > 700 || id % 3 == 0 ? float.NegativeInfinity : logit)]];
        using var card = new CardRows(target, rows);
        double[] numbers = [0, 1e-9, 0.1, 0.25, 0.4999, 0.7, 0.9, 0.999, 1 - 1e-16];
        RowChoice[] choices = [.. numbers.SelectMany(random => (int[])[0, 1], (random, row) => Ask(row, 1, 1, random))];
        card.Rows.Choose(choices);
        foreach (RowChoice choice in choices)
        {
            float[] row = rows[choice.Row];
            double[] weights = [.. row.Select(logit => Math.Exp(logit - row.Max()))];
            double reached = choice.Random * weights.Sum();
            double margin = 1e-6 * weights.Sum();
            double before = weights.Take(choice.Drawn.Id).Sum();

            // Of a number on the border of two tokens either is right.
            Assert.True(weights[choice.Drawn.Id] > 0, $"{choice.Random}: token {choice.Drawn.Id} weighs nothing");
            Assert.True(before <= reached + margin && reached - margin <= before + weights[choice.Drawn.Id], $"{choice.Random}: token {choice.Drawn.Id}");
            Assert.Equal(row[choice.Drawn.Id], choice.Drawn.Logit);
        }
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void Masks_ban_what_they_do_not_have_and_ends_are_decided_apart(string target)
    {
        float[] row = Row(1);
        ulong[] mask = Bits(id => id % 5 == 0, Width);

        // It ends before the row does.
        ulong[] allowed = Bits(id => id > 40, 640);
        int[] ends = [7, 41, 45, 600, 1200];
        using var card = new CardRows(target, row);
        foreach (bool mayEnd in (bool[])[true, false])
        {
            RowChoice found = card.Choose(choice => (choice.Best, choice.Mask, choice.Allowed, choice.Ends, choice.MayEnd) = (LogitRows.MostBest, mask, allowed, ends, mayEnd));
            AssertBest(Best([.. row.Select((logit, id) => (ends.Contains(id) ? mayEnd : id % 5 == 0) && id is > 40 and < 640 ? logit : float.NegativeInfinity)], LogitRows.MostBest), found);
        }

        // Masks that were sent stay.
        Assert.Equal(2, card.Rows.MasksSent);
        long sent = card.Card.BytesToHost;
        RowChoice again = card.Choose(choice => (choice.Columns, choice.Mask) = (400, mask));
        Assert.Equal(Best([.. row.Take(400).Select((logit, id) => id % 5 == 0 ? logit : float.NegativeInfinity)], 1)[0], again.BestTokens[0]);
        Assert.Equal(sent + 8, card.Card.BytesToHost);
        Assert.Equal(2, card.Rows.MasksSent);

        // Others go through pinned memory: the collector may move an array before the card has read it.
        int pageable = card.Card.Owner.PageableCopies;
        Assert.Equal(7, card.Choose(choice => choice.Mask = Bits(id => id == 7, Width)).BestTokens[0].Id);
        Assert.Equal((3, pageable), (card.Rows.MasksSent, card.Card.Owner.PageableCopies));
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void Edits_are_the_operations_of_the_CPU_in_its_order(string target)
    {
        float[] row = Row(1);

        // The ids of other lists are at other places there, so that threads of other warps have them.
        int[] ends = [901, .. Enumerable.Range(50, 40).Select(i => 2 * i), 4];
        using var card = new CardRows(target, row, Row(2));
        RowChoice found = card.Choose(choice =>
        {
            choice.Best = LogitRows.MostBest;
            LogitEdits edits = choice.Edits;
            edits.Biases.AddRange([new(5, 9.5f), new(900, 3.25f)]);
            edits.Seen.AddRange(Enumerable.Range(0, Width / 2).Select(i => new TokenCount(2 * i, i % 4)));
            edits.Penalties = (1.3f, 0.6f, 0.7f);
            edits.Ends.AddRange(ends);
            edits.EndShare = 2.7;
            edits.Banned.AddRange([6, 6, 900, 178]);
        });
        float[] expected = [.. row];
        expected[5] += 9.5f;
        expected[900] += 3.25f;
        for (int i = 0; i < Width / 2; i++)
        {
            float score = expected[2 * i] > 0 ? expected[2 * i] / 1.3f : expected[2 * i] * 1.3f;
            float often = 0.7f * (i % 4);
            expected[2 * i] = i % 4 > 0 ? score - 0.6f - often : score;
        }

        foreach (int id in ends)
        {
            expected[id] = (float)(expected[id] + (Math.Abs((double)expected[id]) * 2.7));
        }

        (expected[6], expected[178], expected[900]) = (float.NegativeInfinity, float.NegativeInfinity, float.NegativeInfinity);
        AssertBest(Best(expected, LogitRows.MostBest), found);

        // The row itself is as it was.
        Assert.Equal(row, card.Choose(choice => choice.IsWhole = true).Whole.ToArray());
    }

    [Theory]
    [InlineData("sm_80", float.NaN)]
    [InlineData("sm_89", float.PositiveInfinity)]
    [InlineData("sm_90a", float.NaN)]
    public void What_is_not_finite_is_the_best_whatever_rules_it_out(string target, float bad)
    {
        float[] row = Row(1);
        row[700] = bad;
        using var card = new CardRows(target, row);
        Action<RowChoice>[] rules =
        [
            choice => (choice.Best, choice.Rate, choice.Random) = (20, 1, 0.5),
            choice => choice.Mask = Bits(id => id < 10, Width),
            choice => choice.Edits.Banned.Add(700),
            choice =>
            {
                choice.Edits.Seen.Add(new TokenCount(700, 1));
                choice.Edits.Penalties = (2, 1, 1);
            },
            choice =>
            {
                choice.Edits.Ends.Add(700);
                choice.Edits.EndShare = 1;
            },
        ];
        Assert.All(rules, rule => Assert.Equal(bad, card.Choose(rule).BestTokens[0].Logit));

        // Behind the tokens that may be drawn nobody looks.
        Assert.Equal(Best(row[..700], 1)[0], card.Choose(choice => choice.Columns = 700).BestTokens[0]);
    }

    [Fact]
    public void A_row_of_minus_infinity_says_so()
    {
        using var card = new CardRows("sm_90a", [.. Enumerable.Repeat(float.NegativeInfinity, 40)]);
        Assert.Equal(float.NegativeInfinity, card.Choose(choice => (choice.Best, choice.Rate, choice.Random) = (20, 1, 0.5)).BestTokens[0].Logit);
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void Plain_logits_are_those_before_masks_and_edits(string target)
    {
        float[] row = Row(1);
        using var card = new CardRows(target, row);
        RowChoice found = card.Choose(choice =>
        {
            (choice.Columns, choice.Best, choice.Rate, choice.Random, choice.Likeliest) = (900, 5, 0.5f, 0.3, 20);
            choice.Mask = Bits(id => id % 7 == 3, Width);
            choice.Edits.Biases.Add(new TokenLogit(10, 20));
        });
        Assert.Equal(new TokenLogit(10, row[10] + 20), found.BestTokens[0]);
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(row[found.BestTokens[i].Id], found.PlainLogit(found.BestTokens[i].Id));
        }

        Assert.Equal(row[found.Drawn.Id], found.PlainLogit(found.Drawn.Id));
        Assert.Equal(Best(row, 20), found.LikeliestTokens[..20]);
        double total = row.Sum(logit => Math.Exp((double)logit - row.Max()));
        Assert.Equal(total, found.PlainTotal, total * 1e-6);
    }

    [Fact]
    public void Steps_of_few_and_of_many_rows_follow_one_another()
    {
        float[][] rows = [.. Enumerable.Range(1, 9).Select(Row)];
        using var card = new CardRows("sm_90a", rows[0]);
        AssertBest(Best(rows[0], 3), card.Choose(choice => choice.Best = 3));
        card.Write(rows);
        RowChoice[] all = [.. rows.Select((_, row) => Ask(row, 2))];
        card.Rows.Choose(all);
        Assert.All(all, choice => AssertBest(Best(rows[choice.Row], 2), choice));
        card.Write(rows[8]);
        AssertBest(Best(rows[8], 1), card.Choose(_ => { }));
    }

    [Fact]
    public void Masks_that_were_not_needed_for_long_give_way()
    {
        float[] row = Row(1);
        using var card = new CardRows("sm_90a", row);
        ulong[][] masks = [.. Enumerable.Range(0, 300).Select(number => Bits(id => id == number, Width))];
        for (int round = 0; round < 2; round++)
        {
            for (int first = 0; first < masks.Length; first += 100)
            {
                RowChoice[] choices = [.. masks[first..(first + 100)].Select(mask => Ask(0, 1))];
                for (int i = 0; i < 100; i++)
                {
                    choices[i].Mask = masks[first + i];
                }

                card.Rows.Choose(choices);
                Assert.Equal(Enumerable.Range(first, 100), choices.Select(choice => choice.BestTokens[0].Id));
            }
        }
    }

    static RowChoice Ask(int row, int best, float rate = 0, double random = -1)
    {
        var choice = new RowChoice();
        choice.Begin(row);
        (choice.Columns, choice.Best, choice.Rate, choice.Random) = (Width, best, rate, random);
        return choice;
    }

    static float[] Row(int seed) => [.. Values.Normal(Width, seed).Select(value => value * 4)];

    static ulong[] Bits(Func<int, bool> isSet, int count)
    {
        ulong[] bits = new ulong[(count + 63) / 64];
        foreach (int id in Enumerable.Range(0, count).Where(isSet))
        {
            bits[id / 64] |= 1UL << id;
        }

        return bits;
    }

    static TokenLogit[] Best(float[] row, int count) => [.. row.Select((logit, id) => new TokenLogit(id, logit)).OrderByDescending(token => token.Logit).ThenBy(token => token.Id).Take(count)];

    static void AssertBest(TokenLogit[] expected, RowChoice found) => Assert.Equal(expected, found.BestTokens[..expected.Length]);
}
