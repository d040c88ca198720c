namespace Octet.Backends.Cpu;

/// <summary>The choice of a token's experts, in double precision.</summary>
static class Router
{
    // Of experts: the scores of most models fit the stack, and the others' are too many to care.
    const int FewScores = 512;

    /// <summary>The experts with the largest scores, the lower number where two are the same, and their weights.</summary>
    /// <param name="logits">One for each expert.</param>
    /// <param name="rule">What is done with them.</param>
    /// <param name="correction">Added to each score for the choice; empty: nothing.</param>
    /// <param name="experts">Receives the chosen ones, the best first.</param>
    /// <param name="weights">Receives their weights.</param>
    internal static void Choose(ReadOnlySpan<float> logits, RoutingRule rule, ReadOnlySpan<float> correction, Span<int> experts, Span<float> weights)
    {
        if (rule.Scoring == ExpertScoring.SparseMixer)
        {
            Mix(logits, rule, experts, weights);
            return;
        }

        Span<double> scores = logits.Length <= FewScores ? stackalloc double[logits.Length] : new double[logits.Length];
        Span<double> choice = logits.Length <= FewScores ? stackalloc double[logits.Length] : new double[logits.Length];
        Score(logits, rule.Scoring, scores);
        scores.CopyTo(choice);
        for (int i = 0; i < correction.Length; i++)
        {
            choice[i] += correction[i];
        }

        if (rule.Groups > 1)
        {
            KeepGroups(choice, rule);
        }

        double sum = 0;
        for (int slot = 0; slot < experts.Length; slot++)
        {
            experts[slot] = Best(choice, experts[..slot]);
            sum += scores[experts[slot]];
        }

        // No less than the smallest sum that is divided by elsewhere (1e-20): scores may all be zero.
        double factor = rule.IsNormalised ? rule.Scale / (sum + (rule.Scoring == ExpertScoring.Logistic ? 1e-20 : 0)) : rule.Scale;
        for (int slot = 0; slot < experts.Length; slot++)
        {
            weights[slot] = (float)(scores[experts[slot]] * factor);
        }
    }

    /// <summary>One expert after the other, each by a softmax of its own.</summary>
    static void Mix(ReadOnlySpan<float> logits, RoutingRule rule, Span<int> experts, Span<float> weights)
    {
        Span<double> scores = logits.Length <= FewScores ? stackalloc double[logits.Length] : new double[logits.Length];
        for (int i = 0; i < scores.Length; i++)
        {
            scores[i] = logits[i];
        }

        for (int slot = 0; slot < experts.Length; slot++)
        {
            int best = Best(scores, experts[..slot]);
            double most = scores[best];
            double sum = 0;
            for (int i = 0; i < scores.Length; i++)
            {
                bool isFar = (most - scores[i]) / Math.Max(Math.Abs(scores[i]), most) > 2 * rule.Jitter;
                sum += isFar || experts[..slot].Contains(i) ? 0 : Math.Exp(scores[i] - most);
            }

            experts[slot] = best;
            weights[slot] = (float)(rule.Scale / sum);
        }
    }

    static void Score(ReadOnlySpan<float> logits, ExpertScoring scoring, Span<double> scores)
    {
        double most = double.NegativeInfinity;
        foreach (float logit in logits)
        {
            most = Math.Max(most, logit);
        }

        double sum = 0;
        for (int i = 0; i < logits.Length; i++)
        {
            scores[i] = scoring == ExpertScoring.Softmax ? Math.Exp(logits[i] - most) : 1 / (1 + Math.Exp(-(double)logits[i]));
            sum += scores[i];
        }

        for (int i = 0; scoring == ExpertScoring.Softmax && i < scores.Length; i++)
        {
            scores[i] /= sum;
        }
    }

    /// <summary>Nothing outside the best groups can be chosen. Transformers takes 0 for it, which is more than a corrected score may be.</summary>
    static void KeepGroups(Span<double> choice, RoutingRule rule)
    {
        int size = choice.Length / rule.Groups;
        Span<double> sums = rule.Groups <= FewScores ? stackalloc double[rule.Groups] : new double[rule.Groups];
        for (int group = 0; group < rule.Groups; group++)
        {
            double best = double.NegativeInfinity;
            double second = size == 1 ? 0 : double.NegativeInfinity;
            foreach (double score in choice.Slice(group * size, size))
            {
                if (score > best)
                {
                    (best, second) = (score, size == 1 ? 0 : best);
                }
                else
                {
                    second = Math.Max(second, score);
                }
            }

            sums[group] = best + second;
        }

        Span<int> kept = rule.ChosenGroups <= FewScores ? stackalloc int[rule.ChosenGroups] : new int[rule.ChosenGroups];
        for (int i = 0; i < kept.Length; i++)
        {
            kept[i] = Best(sums, kept[..i]);
        }

        for (int group = 0; group < rule.Groups; group++)
        {
            if (!kept.Contains(group))
            {
                choice.Slice(group * size, size).Fill(double.NegativeInfinity);
            }
        }
    }

    // The first of the largest among those that are not taken: always one, even where all are NaN.
    static int Best(ReadOnlySpan<double> scores, ReadOnlySpan<int> taken)
    {
        int best = -1;
        for (int i = 0; i < scores.Length; i++)
        {
            if ((best < 0 || scores[i] > scores[best]) && !taken.Contains(i))
            {
                best = i;
            }
        }

        return best;
    }
}
