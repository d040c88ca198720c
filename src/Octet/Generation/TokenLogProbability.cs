namespace Octet;

/// <summary>How likely a token was to the model: natural logarithms, before any option of the generation.</summary>
/// <param name="TokenId">The token.</param>
/// <param name="LogProbability">At most 0.</param>
/// <param name="Alternatives">The likeliest tokens in its place, the likeliest first, as many as were asked for.</param>
public readonly record struct TokenLogProbability(int TokenId, float LogProbability, IReadOnlyList<TokenAlternative> Alternatives);

/// <summary>A token that could have come.</summary>
/// <param name="TokenId">The token.</param>
/// <param name="LogProbability">At most 0.</param>
public readonly record struct TokenAlternative(int TokenId, float LogProbability);
