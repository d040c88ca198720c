namespace Octet.Tokenizers;

/// <summary>The ids that the post-processor puts around a single text.</summary>
/// <param name="Before">In front of the text's ids.</param>
/// <param name="After">Behind them.</param>
sealed record Template(int[] Before, int[] After)
{
    internal static Template Empty { get; } = new([], []);

    /// <summary>This template's result as the text of another.</summary>
    internal Template Within(Template outer) => new([.. outer.Before, .. Before], [.. After, .. outer.After]);
}
