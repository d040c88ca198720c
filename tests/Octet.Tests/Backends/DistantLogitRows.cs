using Octet.Backends;

namespace Octet.Tests.Backends;

/// <summary>Rows of logits that nobody may look at, as those of a device, and what is asked of them by its definition in double precision.</summary>
sealed class DistantLogitRows(int width) : LogitRows(width)
{
    readonly HostLogitRows _rows = new(width);

    internal override bool AreOnHost => false;

    /// <summary>Looks, one for all rows of a step; rows that were asked for; and those that were brought whole.</summary>
    internal (int Looks, int Rows, int Whole) Asked { get; private set; }

    internal Span<float> Begin(int count) => _rows.Begin(count);

    internal override Span<float> Row(int row) => throw new InvalidOperationException("the row is not here");

    internal override void Choose(ReadOnlySpan<RowChoice> choices)
    {
        Asked = (Asked.Looks + 1, Asked.Rows + choices.Length, Asked.Whole);
        foreach (RowChoice choice in choices)
        {
            ReadOnlySpan<float> plain = _rows.Row(choice.Row);
            if (choice.IsWhole)
            {
                plain.CopyTo(choice.BeginWhole(Width));
                Asked = Asked with { Whole = Asked.Whole + 1 };
                continue;
            }

            float[] row = plain[..choice.Columns].ToArray();
            if (row.Any(static logit => float.IsNaN(logit) || float.IsPositiveInfinity(logit)))
            {
                choice.BestTokens[0] = new TokenLogit(0, float.NaN);
                continue;
            }

            Edit(row, choice.Edits);
            for (int id = 0; id < row.Length; id++)
            {
                bool may = choice.Mask is null || (choice.Ends.Contains(id) ? choice.MayEnd : Has(choice.Mask, id));
                row[id] = may && (choice.Allowed is null || Has(choice.Allowed, id)) ? row[id] : float.NegativeInfinity;
            }

            Best(row, choice.BestTokens.AsSpan(0, choice.Best));
            double[] weights = [.. row.Select(logit => Math.Exp((logit - (double)choice.BestTokens[0].Logit) * choice.Rate))];
            choice.Total = weights.Sum();
            if (choice.Random >= 0)
            {
                double reached = 0;
                int drawn = 0;
                while ((reached += weights[drawn]) <= choice.Random * choice.Total)
                {
                    drawn++;
                }

                choice.Drawn = new TokenLogit(drawn, row[drawn]);
            }

            if (choice.Likeliest > 0)
            {
                Best(plain, choice.LikeliestTokens.AsSpan(0, choice.Likeliest));
                choice.PlainTotal = plain.ToArray().Sum(logit => Math.Exp((double)logit - choice.LikeliestTokens[0].Logit));
                for (int i = 0; i < choice.Best; i++)
                {
                    choice.PlainLogits[i] = plain[choice.BestTokens[i].Id];
                }

                choice.PlainLogits[choice.Best] = choice.Random >= 0 ? plain[choice.Drawn.Id] : 0;
            }
        }
    }

    public override void Dispose() => _rows.Dispose();

    static bool Has(ulong[] mask, int id) => id / 64 < mask.Length && (mask[id / 64] >> id & 1) != 0;

    static void Edit(float[] row, LogitEdits edits)
    {
        edits.Biases.ForEach(bias => row[bias.Id] += bias.Logit);
        foreach ((int id, int count) in edits.Seen.Where(seen => float.IsFinite(row[seen.Id])))
        {
            float score = row[id] > 0 ? row[id] / edits.Penalties.Repetition : row[id] * edits.Penalties.Repetition;
            row[id] = count > 0 ? score - edits.Penalties.Presence - edits.Penalties.Frequency * count : score;
        }

        foreach (int id in edits.Ends.Where(id => float.IsFinite(row[id])))
        {
            row[id] = (float)(row[id] + Math.Abs((double)row[id]) * edits.EndShare);
        }

        edits.Banned.ForEach(id => row[id] = float.NegativeInfinity);
    }

    static void Best(ReadOnlySpan<float> row, Span<TokenLogit> best)
        => row.ToArray().Select((logit, id) => new TokenLogit(id, logit)).OrderByDescending(token => token.Logit).ThenBy(token => token.Id).Take(best.Length).ToArray().CopyTo(best);
}
