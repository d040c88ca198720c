namespace Octet;

/// <summary>Called for the logits of one position, [vocabulary]; the memory is only valid during the call.</summary>
/// <param name="position">The position in the evaluated tokens, from 0.</param>
/// <param name="logits">Logits for the token after it.</param>
public delegate void LogitsCallback(int position, ReadOnlySpan<float> logits);
