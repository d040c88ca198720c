namespace Octet.Backends;

/// <summary>How the layers of one kind attend.</summary>
/// <param name="Scale">What scores are multiplied with before the softmax, usually 1/sqrt(head size).</param>
sealed record AttentionShape(float Scale)
{
    /// <summary>Tokens that a token sees, itself among them; null: all.</summary>
    internal int? Window { get; init; }

    /// <summary>Tokens of a chunk, outside of which a token sees nothing; null: there are none.</summary>
    internal int? Chunk { get; init; }

    /// <summary>c where scores, multiplied with <see cref="Scale"/>, become c * tanh(score / c); null: they stay.</summary>
    internal float? Cap { get; init; }

    /// <summary>One more score for each query head, which takes its part of the softmax and has no value (gpt-oss); null: none.</summary>
    internal Weight? Sinks { get; init; }

    /// <summary>The first position that a token at <paramref name="position"/> sees.</summary>
    internal int First(int position) => Window is { } window ? Math.Max(0, position - window + 1) : Chunk is { } chunk ? position / chunk * chunk : 0;
}
