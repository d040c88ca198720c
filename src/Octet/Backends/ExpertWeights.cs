namespace Octet.Backends;

/// <summary>The weights of a layer's experts, one of each for an expert: feed-forward layers of the same shape, gated, or not and without gates.</summary>
sealed record ExpertWeights(Weight[] Gate, Weight[] Up, Weight[] Down)
{
    internal IEnumerable<Weight> All => [.. Gate, .. Up, .. Down];
}
