namespace Octet.Tokenizers;

/// <summary>What short texts are filled up with, as the section <c>padding</c> of a file has it.</summary>
/// <param name="PadId">The id that fills.</param>
public sealed record PaddingOptions(int PadId)
{
    /// <summary>The length to fill up to; null: that of the longest text of the batch.</summary>
    public int? Length { get; init; }

    /// <summary>The end that is filled.</summary>
    public TokenSide Side { get; init; } = TokenSide.Right;

    /// <summary>A number that the length is rounded up to a multiple of; 0: none.</summary>
    public int MultipleOf { get; init; }

    /// <summary>The type of the tokens that fill.</summary>
    public int TypeId { get; init; }
}
