namespace Octet.Backends;

/// <summary>How a token's experts are chosen from one logit for each, and what their outputs are multiplied with.</summary>
/// <param name="Experts">How many there are.</param>
/// <param name="Chosen">How many a token goes to.</param>
/// <param name="Scoring">What logits become before the choice.</param>
sealed record RoutingRule(int Experts, int Chosen, ExpertScoring Scoring)
{
    /// <summary>
    /// Whether the chosen scores are divided by their sum. Of a softmax over all experts that is the softmax over the chosen ones.
    /// </summary>
    internal bool IsNormalised { get; init; }

    /// <summary>What they are multiplied with at last.</summary>
    internal float Scale { get; init; } = 1;

    /// <summary>Groups of neighbouring experts, of which only the best <see cref="ChosenGroups"/> can be chosen from: those with the largest sums of their two best scores (DeepSeek-V3).</summary>
    internal int Groups { get; init; } = 1;

    internal int ChosenGroups { get; init; } = 1;

    /// <summary>For <see cref="ExpertScoring.SparseMixer"/>: an expert further from the best one than twice this, as a share of the larger of the two, does not count.</summary>
    internal double Jitter { get; init; }
}

/// <summary>What the logits of experts become.</summary>
enum ExpertScoring
{
    /// <summary>exp(x) over the sum of all experts' exp(x).</summary>
    Softmax,

    /// <summary>1 / (1 + exp(-x)).</summary>
    Logistic,

    /// <summary>
    /// The best, weighed by a softmax over those near it, then the best of the others in the same way: weights do not add up to 1 (Liu et al.,
    /// "GRIN: GRadient-INformed MoE", 2024; Phi-3.5-MoE).
    /// </summary>
    SparseMixer,
}
