namespace Octet;

/// <summary>How well a model predicts a text.</summary>
/// <param name="Tokens">Tokens that were predicted: all but the first, and but the first of every window where windows do not overlap.</param>
/// <param name="NegativeLogLikelihood">Sum over those tokens of -ln p(token | tokens before it).</param>
public readonly record struct ScoreResult(int Tokens, double NegativeLogLikelihood)
{
    /// <summary>exp of the mean negative log likelihood; NaN where nothing was predicted.</summary>
    public double Perplexity => Math.Exp(NegativeLogLikelihood / Tokens);
}
