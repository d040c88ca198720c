namespace Octet.Generation;

/// <summary>The part of one sequence in a step: the next <paramref name="Count"/> of its missing tokens.</summary>
/// <param name="Session">The sequence.</param>
/// <param name="Count">At least 1.</param>
/// <param name="WantsLogits">Whether the logits behind the last of them are wanted.</param>
readonly record struct StepPart(InferenceSession Session, int Count, bool WantsLogits);
