namespace Octet.Embeddings;

/// <summary>A text in tokens.</summary>
/// <param name="Ids">At least one.</param>
/// <param name="Types">Which of a pair of texts each belongs to, 0 or 1; empty: all to the first.</param>
/// <param name="PromptTokens">How many of the first are a prompt's.</param>
readonly record struct TokenText(int[] Ids, int[] Types, int PromptTokens = 0);
