namespace Octet;

/// <summary>
/// How far one model is from another, the reference, over the same tokens. The divergence is Kullback and Leibler's, KL(p || q) = sum of
/// p (ln p - ln q) in nats, with p the reference's distribution at a position. It is 0 where the two agree exactly.
/// </summary>
public sealed record ComparisonResult
{
    /// <summary>Positions whose logits were compared.</summary>
    public required int Positions { get; init; }

    /// <summary>How well the reference predicts the tokens.</summary>
    public required ScoreResult Reference { get; init; }

    /// <summary>How well the other model does.</summary>
    public required ScoreResult Other { get; init; }

    /// <summary>Mean divergence.</summary>
    public required double DivergenceMean { get; init; }

    /// <summary>
    /// The standard error of the mean, standard deviation / sqrt(positions): how far that of other text of the same kind would be from it.
    /// 0 for one position.
    /// </summary>
    public required double DivergenceError { get; init; }

    /// <summary>Median divergence.</summary>
    public required double DivergenceMedian { get; init; }

    /// <summary>The 99th percentile, in proportion between the two positions it lies between.</summary>
    public required double Divergence99 { get; init; }

    /// <summary>The largest divergence of a position.</summary>
    public required double DivergenceMax { get; init; }

    /// <summary>The share of positions, 0 to 1, at which both find the same token most likely; of equal logits the lowest id counts.</summary>
    public required double Top1Agreement { get; init; }

    /// <summary>Mean |p - q| of the token that the reference finds most likely.</summary>
    public required double ProbabilityDifferenceMean { get; init; }

    /// <summary>The largest.</summary>
    public required double ProbabilityDifferenceMax { get; init; }

    /// <summary>The largest difference of two logits.</summary>
    public required LogitDifference LargestLogitDifference { get; init; }

    /// <summary>
    /// The signal-to-noise ratio in decibels of the residual stream after each layer, 10 log10(sum x^2 / sum (x - y)^2) over all positions;
    /// infinite where there is no difference. Null where layers are not compared.
    /// </summary>
    public IReadOnlyList<double>? LayerSignalToNoise { get; init; }

    /// <summary>The same after the final norm.</summary>
    public double? FinalNormSignalToNoise { get; init; }

    /// <summary>Why layers are not compared; null where they are.</summary>
    public string? LayersNotCompared { get; init; }
}
