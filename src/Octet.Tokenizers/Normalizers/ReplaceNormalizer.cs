using System.Text;

namespace Octet.Tokenizers.Normalizers;

/// <summary>Replaces every occurrence of a string, from left to right.</summary>
sealed class ReplaceNormalizer(string pattern, string content) : Normalizer
{
    internal override ReadOnlySpan<byte> Apply(ReadOnlySpan<byte> text) =>
        Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(text).Replace(pattern, content, StringComparison.Ordinal));
}
