namespace Octet.Tokenizers.Normalizers;

/// <summary>Rewrites text before it is cut into pieces.</summary>
abstract class Normalizer
{
    /// <summary>The rewritten text; the argument itself where nothing changes.</summary>
    /// <param name="text">Valid UTF-8, not empty.</param>
    internal abstract ReadOnlySpan<byte> Apply(ReadOnlySpan<byte> text);
}
