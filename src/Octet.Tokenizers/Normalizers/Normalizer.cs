namespace Octet.Tokenizers.Normalizers;

/// <summary>Rewrites text before it is cut into pieces.</summary>
abstract class Normalizer
{
    /// <summary>The rewritten text; the argument itself where nothing changes.</summary>
    /// <param name="text">Valid UTF-8, not empty.</param>
    /// <exception cref="TokenizerException">The text would grow beyond <see cref="TextLimit"/>.</exception>
    internal ReadOnlySpan<byte> Apply(ReadOnlySpan<byte> text) => Apply(text, TextLimit.Of(text.Length));

    /// <summary>The same as a step of several, which may together make the text so long.</summary>
    /// <param name="text">Valid UTF-8, not empty.</param>
    /// <param name="limit">The most bytes of the result.</param>
    internal abstract ReadOnlySpan<byte> Apply(ReadOnlySpan<byte> text, long limit);
}
