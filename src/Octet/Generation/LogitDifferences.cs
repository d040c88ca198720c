namespace Octet.Generation;

/// <summary>
/// Sums up two models' logits, position by position, over all of a row as <see cref="LanguageModel.Score(ReadOnlySpan{int}, LogitsCallback?, CancellationToken)"/>
/// takes it; softmax and sums in float64.
/// </summary>
sealed class LogitDifferences
{
    readonly List<double> _divergences = [];
    int _agreements;
    int _predicted;
    double _likelihoodA;
    double _likelihoodB;
    double _probabilitySum;
    double _probabilityMax;
    LogitDifference _largest;

    /// <param name="a">The reference's logits.</param>
    /// <param name="b">The other's.</param>
    /// <param name="target">The token that comes after; null: none that counts.</param>
    /// <param name="text">Which text this is, from 0.</param>
    /// <param name="position">The position in it, from 0.</param>
    internal void Add(ReadOnlySpan<float> a, ReadOnlySpan<float> b, int? target, int text, int position)
    {
        int topA = 0, topB = 0, farthest = 0;
        double largest = -1;
        for (int i = 0; i < a.Length; i++)
        {
            double difference = Math.Abs((double)a[i] - b[i]);
            if (!double.IsFinite(difference))
            {
                throw new ModelException(ModelError.Damaged, $"the logits of token {i} at position {position} are {a[i]} and {b[i]}, expected finite numbers: a weight file is damaged, or a number overflows");
            }

            topA = a[i] > a[topA] ? i : topA;
            topB = b[i] > b[topB] ? i : topB;
            if (difference > largest)
            {
                largest = difference;
                farthest = i;
            }
        }

        // With shifted logits x and y: ln p = x - ln sum e^x, and KL = sum p (x - y) - ln sum e^x + ln sum e^y.
        double maxA = a[topA], maxB = b[topB], sumA = 0, sumB = 0, weighted = 0;
        for (int i = 0; i < a.Length; i++)
        {
            double x = a[i] - maxA, y = b[i] - maxB, e = Math.Exp(x);
            sumA += e;
            sumB += Math.Exp(y);
            weighted += e * (x - y);
        }

        double logA = Math.Log(sumA), logB = Math.Log(sumB);

        // Never negative but for rounding.
        _divergences.Add(Math.Max(0, weighted / sumA - logA + logB));
        _agreements += topA == topB ? 1 : 0;
        double probability = Math.Abs(1 / sumA - Math.Exp(b[topA] - maxB - logB));
        _probabilitySum += probability;
        _probabilityMax = Math.Max(_probabilityMax, probability);
        if (_divergences.Count == 1 || largest > _largest.Value)
        {
            _largest = new LogitDifference(text, position, farthest, a[farthest], b[farthest]);
        }

        if (target is { } token)
        {
            _predicted++;
            _likelihoodA -= a[token] - maxA - logA;
            _likelihoodB -= b[token] - maxB - logB;
        }
    }

    internal ComparisonResult Result()
    {
        if (_divergences.Count == 0)
        {
            throw new InvalidOperationException("nothing was compared yet");
        }

        double[] sorted = [.. _divergences.Order()];
        double mean = sorted.Average();
        return new ComparisonResult
        {
            Positions = sorted.Length,
            Reference = new ScoreResult(_predicted, _likelihoodA),
            Other = new ScoreResult(_predicted, _likelihoodB),
            DivergenceMean = mean,
            DivergenceError = sorted.Length == 1 ? 0 : Math.Sqrt(sorted.Sum(value => Math.Pow(value - mean, 2)) / (sorted.Length - 1) / sorted.Length),
            DivergenceMedian = Quantile(sorted, 0.5),
            Divergence99 = Quantile(sorted, 0.99),
            DivergenceMax = sorted[^1],
            Top1Agreement = (double)_agreements / sorted.Length,
            ProbabilityDifferenceMean = _probabilitySum / sorted.Length,
            ProbabilityDifferenceMax = _probabilityMax,
            LargestLogitDifference = _largest,
        };
    }

    /// <summary>Between two of them in proportion.</summary>
    static double Quantile(double[] sorted, double share)
    {
        double at = share * (sorted.Length - 1);
        int below = (int)at;
        return sorted[below] + (at - below) * (sorted[Math.Min(below + 1, sorted.Length - 1)] - sorted[below]);
    }
}
