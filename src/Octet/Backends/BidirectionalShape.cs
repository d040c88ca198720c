namespace Octet.Backends;

/// <summary>How tokens of a text attend to each other, before and behind, where nothing is cached.</summary>
/// <param name="HeadDim">Elements of a head; queries, keys and values have as many heads.</param>
/// <param name="Scale">What scores are multiplied with before the softmax, usually 1/sqrt(head size).</param>
/// <param name="Reach">How many tokens a token sees on either side of itself; null: all.</param>
sealed record BidirectionalShape(int HeadDim, float Scale, int? Reach);
