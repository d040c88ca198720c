namespace Octet.Tokenizers;

/// <summary>What <see cref="Tokenizer.EncodeBatch"/> and its kin do beside encoding.</summary>
public sealed record EncodingOptions
{
    internal static EncodingOptions Default { get; } = new();

    /// <summary>Whether the post-processor's tokens are added.</summary>
    public bool AddSpecialTokens { get; init; } = true;

    /// <summary>Whether special tokens in a text are text like any other; null: as the model's folder says.</summary>
    public bool? SplitSpecialTokens { get; init; }

    /// <summary>Whether <see cref="TokenEncoding.Offsets"/> are filled in, which takes more time than the ids.</summary>
    public bool Offsets { get; init; }

    /// <summary>How long a text may be; null: as long as it is.</summary>
    public TruncationOptions? Truncation { get; init; }

    /// <summary>What short texts are filled up with; null: nothing.</summary>
    public PaddingOptions? Padding { get; init; }
}
