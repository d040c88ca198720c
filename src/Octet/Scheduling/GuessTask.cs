namespace Octet.Scheduling;

/// <summary>A text whose next tokens are to be guessed.</summary>
/// <param name="Request">Whose text it is; all of it was computed but the last token.</param>
/// <param name="Most">The most tokens of a guess; 0: it goes without.</param>
/// <param name="Worth">What reading the text may take before it can be guessed on.</param>
readonly record struct GuessTask(GenerationRequest Request, int Most, TimeSpan Worth);
