namespace Octet;

/// <summary>How the states of a text's tokens become one vector.</summary>
public enum PoolingMode
{
    /// <summary>That of the first token.</summary>
    FirstToken,

    /// <summary>The largest of each element.</summary>
    Max,

    /// <summary>The mean.</summary>
    Mean,

    /// <summary>The sum, divided by the root of the number of tokens.</summary>
    MeanSqrtLength,

    /// <summary>The mean, where the first token counts once, the second twice, and so on.</summary>
    WeightedMean,

    /// <summary>That of the last token.</summary>
    LastToken,
}
