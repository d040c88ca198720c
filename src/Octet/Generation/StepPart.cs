namespace Octet.Generation;

/// <summary>The part of one sequence in a step: the next <paramref name="Count"/> of its missing tokens.</summary>
/// <param name="Session">The sequence.</param>
/// <param name="Count">At least 1.</param>
/// <param name="Logits">Behind how many of them, the last ones, the logits are wanted.</param>
readonly record struct StepPart(InferenceSession Session, int Count, int Logits);
