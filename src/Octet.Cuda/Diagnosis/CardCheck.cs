namespace Octet.Cuda.Diagnosis;

/// <summary>Something that was tried on a card.</summary>
/// <param name="Name">What, in a word or two.</param>
/// <param name="Problem">Why it does not work; null: it does.</param>
sealed record CardCheck(string Name, string? Problem);
