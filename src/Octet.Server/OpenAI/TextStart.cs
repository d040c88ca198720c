namespace Octet.Server.OpenAI;

/// <summary>What stands before a continuation.</summary>
/// <param name="Text">The prompt; null: it is not to be told.</param>
/// <param name="Scores">How likely its tokens were; null: that is not to be told.</param>
readonly record struct TextStart(string? Text, IReadOnlyList<ScoredToken>? Scores);
