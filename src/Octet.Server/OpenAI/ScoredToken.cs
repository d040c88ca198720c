namespace Octet.Server.OpenAI;

/// <summary>A token of a text with how likely it was there.</summary>
/// <param name="Id">The token.</param>
/// <param name="Score">The natural logarithm of its probability; null: nothing was before it.</param>
/// <param name="Likeliest">The likeliest tokens in its place, and itself; empty where there is no score.</param>
readonly record struct ScoredToken(int Id, float? Score, IReadOnlyList<TokenAlternative> Likeliest)
{
    /// <summary>A token that was drawn.</summary>
    internal static ScoredToken Of(TokenLogProbability token)
        => new(token.TokenId, token.LogProbability, token.Alternatives.Any(alternative => alternative.TokenId == token.TokenId)
            ? token.Alternatives
            : [.. token.Alternatives, new TokenAlternative(token.TokenId, token.LogProbability)]);
}
