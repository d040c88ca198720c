namespace Octet;

/// <summary>A document with its score.</summary>
/// <param name="Index">Which of the documents.</param>
/// <param name="Score">How well it answers the query; the higher, the better.</param>
public readonly record struct RankedDocument(int Index, float Score);
