namespace Octet.Output;

/// <summary>
/// What some models write around their answer when they have thought: <c>&lt;answer&gt;</c> and its like. They count directly behind the reasoning and at the very end, or in front of a
/// call; whatever else of them there is belongs to the answer.
/// </summary>
/// <param name="Open">In front of the answer.</param>
/// <param name="Close">Behind it.</param>
sealed record AnswerMarks(string Open, string Close);
