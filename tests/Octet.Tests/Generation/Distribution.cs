using Octet.Generation;

namespace Octet.Tests.Generation;

/// <summary>
/// The distribution a sampler draws from: as it is found by going through its random numbers evenly, and as the definitions have it, written the
/// way Transformers' logits warpers are, each on the renormalised outcome of the one before, all in double.
/// </summary>
static class Distribution
{
    internal const int Steps = 20000;

    internal static double[] Found(GenerationSettings settings, float[] logits)
    {
        var candidates = new Candidates(settings, logits.Length);
        var counts = new int[logits.Length];
        for (int i = 0; i < Steps; i++)
        {
            counts[candidates.Draw(logits, logits.Max(), (i + 0.5) / Steps)]++;
        }

        return [.. counts.Select(count => (double)count / Steps)];
    }

    internal static double[] Defined(GenerationSettings settings, float[] logits)
    {
        double?[] scores = [.. logits.Select(logit => (double?)(logit / (double)settings.Temperature))];
        int[] all = [.. Enumerable.Range(0, logits.Length)];
        if (settings.TopK > 0)
        {
            foreach (int id in all.OrderByDescending(id => scores[id]).ThenBy(id => id).Skip(settings.TopK))
            {
                scores[id] = null;
            }
        }

        if (settings.TopP < 1)
        {
            double[] p = Softmax(scores);
            double above = 0;
            foreach (int id in all.Where(id => scores[id] is not null).OrderByDescending(id => p[id]).ThenBy(id => id).ToArray())
            {
                if (above > 0 && above >= settings.TopP)
                {
                    scores[id] = null;
                }

                above += p[id];
            }
        }

        if (settings.MinP > 0)
        {
            double[] p = Softmax(scores);
            foreach (int id in all.Where(id => p[id] < settings.MinP * p.Max()))
            {
                scores[id] = null;
            }
        }

        if (settings.TypicalP < 1)
        {
            double[] p = Softmax(scores);
            int[] left = [.. all.Where(id => scores[id] is not null)];
            double entropy = -left.Sum(id => p[id] * Math.Log(p[id]));
            double Distance(int id) => Math.Abs(-Math.Log(p[id]) - entropy);
            int[] order = [.. left.OrderBy(Distance)];
            double reached = 0;
            int last = order.Length - 1;
            for (int i = 0; i < order.Length; i++)
            {
                reached += p[order[i]];
                if (reached >= settings.TypicalP)
                {
                    last = i;
                    break;
                }
            }

            foreach (int id in left.Where(id => Distance(id) > Distance(order[last])))
            {
                scores[id] = null;
            }
        }

        return Softmax(scores);
    }

    internal static void AssertSame(double[] expected, double[] found) =>
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, tolerance: 1.5 / Steps));

    static double[] Softmax(double?[] scores)
    {
        double max = scores.Max()!.Value;
        double[] weights = [.. scores.Select(score => score is double s ? Math.Exp(s - max) : 0)];
        return [.. weights.Select(weight => weight / weights.Sum())];
    }
}
