namespace Octet.Tokenizers;

/// <summary>Tokens side by side that have the same marks: whole texts are one, so marks take no room until somebody looks at them.</summary>
/// <param name="Length">How many tokens.</param>
/// <param name="TypeId">Their type.</param>
/// <param name="IsSpecial">Whether the post-processor or the padding put them there.</param>
/// <param name="IsPadding">Whether they are padding.</param>
readonly record struct TokenRun(int Length, int TypeId, bool IsSpecial, bool IsPadding);
