namespace Octet.Backends;

/// <summary>The weights of a layer's experts, one of each for an expert: gated feed-forward layers of the same shape.</summary>
sealed record ExpertWeights(Weight[] Gate, Weight[] Up, Weight[] Down)
{
    internal IEnumerable<Weight> All => [.. Gate, .. Up, .. Down];
}
