namespace Octet;

/// <summary>How far one model's vectors are from another's, the reference, of the same texts.</summary>
public sealed record EmbeddingComparisonResult
{
    /// <summary>Texts that were compared.</summary>
    public required int Texts { get; init; }

    /// <summary>Mean cosine of a text's two vectors.</summary>
    public required double CosineMean { get; init; }

    /// <summary>The smallest.</summary>
    public required double CosineMin { get; init; }

    /// <summary>The text with the smallest.</summary>
    public required int CosineMinText { get; init; }

    /// <summary>Spearman's correlation of the cosines of all pairs of texts in the two models; NaN for fewer than three texts.</summary>
    public required double RankCorrelation { get; init; }

    /// <summary>The largest difference of a pair's two cosines.</summary>
    public required double PairDifferenceMax { get; init; }

    /// <summary>The share of texts, 0 to 1, whose nearest other text is the same in both; NaN for fewer than two texts.</summary>
    public required double NearestAgreement { get; init; }

    /// <summary>The mean share of a text's ten nearest others, or of all where there are fewer, that both have in common; NaN for fewer than two texts.</summary>
    public required double NeighboursInCommon { get; init; }
}
