namespace Octet.Tokenizers;

/// <summary>How long texts may be, as the section <c>truncation</c> of a file has it.</summary>
/// <param name="MaxLength">The most tokens, those of the post-processor counted.</param>
public sealed record TruncationOptions(int MaxLength)
{
    /// <summary>The end that tokens are taken from.</summary>
    public TokenSide Side { get; init; } = TokenSide.Right;

    /// <summary>Which of two texts they are taken from.</summary>
    public TruncationStrategy Strategy { get; init; }

    /// <summary>How many tokens each part of <see cref="TokenEncoding.Overflowing"/> repeats of the one before.</summary>
    public int Stride { get; init; }
}
