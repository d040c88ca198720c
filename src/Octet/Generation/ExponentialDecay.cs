namespace Octet;

/// <summary>
/// Makes the end of the text likelier the longer it gets (Transformers' <c>ExponentialDecayLengthPenalty</c>): with t tokens generated, once t is
/// above <paramref name="StartIndex"/>, |logit| * (<paramref name="DecayFactor"/>^(t - StartIndex) - 1) is added to the logit of every end token.
/// </summary>
/// <param name="StartIndex">Tokens of output without it, from 0.</param>
/// <param name="DecayFactor">Above 0; 1 is off.</param>
public readonly record struct ExponentialDecay(int StartIndex, double DecayFactor);
