namespace Octet;

/// <summary>What is added to the logit of the last token of a sequence wherever prompt or output end with the tokens in front of it.</summary>
/// <param name="TokenIds">At least one id, each from 0.</param>
/// <param name="Bias">Any finite number.</param>
public sealed record SequenceBias(IReadOnlyList<int> TokenIds, float Bias);
