namespace Octet.Server.Telemetry;

/// <summary>What was counted and timed of an operation.</summary>
/// <param name="Duration">From the request to the end.</param>
/// <param name="FirstToken">From the request to the first token; null: there was none.</param>
/// <param name="PromptTokens">Tokens read.</param>
/// <param name="CompletionTokens">Tokens written, of all answers.</param>
/// <param name="CachedTokens">Those read that a cache had.</param>
/// <param name="FinishReasons">Why each answer ended; null: none did.</param>
readonly record struct OperationFigures(TimeSpan Duration, TimeSpan? FirstToken, int PromptTokens, int CompletionTokens = 0, int CachedTokens = 0, string[]? FinishReasons = null);
